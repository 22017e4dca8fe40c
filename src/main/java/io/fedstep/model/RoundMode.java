package io.fedstep.model;

import io.fedstep.plugin.Plugin;

/** Which updates a round takes, and what they count: a record in {@link KnownRoundModes}. */
public interface RoundMode extends Plugin<RoundMode> {
  /** How many versions an update may be behind the one that the round trains from. */
  long maxStaleness();

  /** What an update's weight counts in the mean. */
  double effectiveWeight(double weight, long staleness);

  /**
   * Whether a round is a buffer: it takes what was computed from older versions, closes at {@code
   * min_updates}, and an update that finds it full waits for the next one.
   */
  boolean isBuffer();
}
