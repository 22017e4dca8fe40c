package io.fedstep.coordinator;

import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateHeader;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;

/** What an administrator does to one model; each returns once it is done and durable. */
public interface ModelChanges {
  /** Makes a new version with the content of an earlier one. */
  VersionInfo restore(Version version, Expected newest);

  /** Begins a version, for {@link #setState}; to be closed. */
  VersionDraft beginState();

  /** Makes a new version of the newest weights and the state of a draft. */
  VersionInfo setState(VersionDraft draft, Expected newest);

  /**
   * Begins version 0, for {@link #setWeights}, or refuses before anything is sent; to be closed.
   */
  VersionDraft beginWeights();

  /** Sets version 0's weights from a draft that has them; the same ones again are no change. */
  VersionInfo setWeights(VersionDraft draft);

  /** Keeps what a client measured of a version, in place of what it reported before. */
  UpdateHeader report(long version, String client, UpdateHeader report);

  /** Closes the open round; returns once its version exists. */
  RoundRecord close();

  /** Replaces the round policy at once. */
  ModelStatus setPolicy(RoundPolicy policy);

  /** Takes other hyper-parameters for the same modules, from the next close on. */
  ModelStatus setOptimizer(Optimizer optimizer);

  /** Ends training. */
  ModelStatus stop();

  /** Resumes training. */
  ModelStatus start();
}
