package io.fedstep.coordinator;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.codec.Metadata;
import io.fedstep.model.KeepBest;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.UpdateBound;
import io.fedstep.optim.Optimizer;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What an administrator does to one model; each returns once it is done and durable. */
public final class ModelChanges {
  private final ModelState state;
  private final Decider decider;

  /** Decides about a model's commands, here or in another process. */
  public interface Decider {
    /** An empty draft, which a command may name; to be closed. */
    VersionDraft draft();

    /**
     * Decides about a command and carries it out, or throws the refusal.
     *
     * @param draft the draft that the command names, or null
     * @return the version that the command made, or null if it makes none
     */
    @Nullable VersionInfo ask(Command command, @Nullable VersionDraft draft);
  }

  /** The changes of a model. */
  public ModelChanges(ModelState state, Decider decider) {
    this.state = state;
    this.decider = decider;
  }

  /** Makes a new version with the content of an earlier one. */
  public VersionInfo restore(Version version, Expected newest) {
    var by = new Replacement.Restored(version.info().version());
    return made(new Command.Replace(by, newest), null);
  }

  /** Begins a version, for {@link #setState}; to be closed. */
  public VersionDraft beginState() {
    return decider.draft();
  }

  /** Makes a new version of the newest weights and the state of a draft. */
  public VersionInfo setState(VersionDraft draft, Expected newest) {
    return made(new Command.Replace(new Replacement.State(draft.name()), newest), draft);
  }

  /**
   * Begins version 0, for {@link #setWeights}, or refuses before anything is sent; to be closed.
   */
  public VersionDraft beginWeights() {
    state.look(new ChangeRules(state)::checkWeightsAllowed);
    return decider.draft();
  }

  /** Sets version 0's weights from a draft that has them; the same ones again are no change. */
  public VersionInfo setWeights(VersionDraft draft) {
    var by = new Replacement.Weights(draft.name(), draft.weightsDigest());
    return made(new Command.Replace(by, Expected.ANY), draft);
  }

  /** Keeps what a client measured of a version, in place of what it reported before. */
  public UpdateMetadata report(long version, String client, UpdateMetadata report) {
    decider.ask(new Command.Report(version, client, report), null);
    return report;
  }

  /** Closes the open round, which is at its last stage; returns once its version exists. */
  public RoundRecord close() {
    return Objects.requireNonNull(endStage());
  }

  /**
   * Ends the stage that is under way, as its deadline would.
   *
   * @return the record of the round that ended with it, or null if another stage follows
   */
  public @Nullable RoundRecord endStage() {
    VersionInfo made = decider.ask(new Command.Close(), null);
    if (made == null) {
      return null;
    }
    long round = made.version() - 1;
    RoundRecord record = state.record(round);
    if (record == null) {
      throw NotFound.record(state.model(), round).exception();
    }
    return record;
  }

  private VersionInfo made(Command command, @Nullable VersionDraft draft) {
    return Objects.requireNonNull(decider.ask(command, draft));
  }

  /** Replaces the round policy at once. */
  public ModelStatus setPolicy(RoundPolicy policy) {
    return change(new Command.SetPolicy(policy));
  }

  /** Takes other hyper-parameters for the same modules, from the next close on. */
  public ModelStatus setOptimizer(Optimizer optimizer) {
    return change(new Command.SetOptimizer(optimizer));
  }

  /** Takes another rule of aggregation, from the open round's close on. */
  public ModelStatus setAggregator(Aggregator aggregator) {
    return change(new Command.SetAggregator(aggregator));
  }

  /** Takes another bound on updates, or ends it. */
  public ModelStatus setBound(@Nullable UpdateBound bound) {
    return change(new Command.SetBound(bound));
  }

  /** Takes other metadata. */
  public ModelStatus setMetadata(Metadata metadata) {
    return change(new Command.SetMetadata(metadata));
  }

  /** Knows the best version by other means, or chooses none any more. */
  public ModelStatus setKeepBest(@Nullable KeepBest best) {
    return change(new Command.SetKeepBest(best));
  }

  /**
   * Gives a tag to a version.
   *
   * @return whether the tag is new, and not one that was moved
   */
  public boolean setTag(String tag, long version) {
    boolean isNew = !state.look(() -> state.folder().head().tags().versions().containsKey(tag));
    decider.ask(new Command.SetTag(tag, version), null);
    return isNew;
  }

  /** Removes a tag. */
  public void removeTag(String tag) {
    decider.ask(new Command.RemoveTag(tag), null);
  }

  /** Ends training. */
  public ModelStatus stop() {
    return change(new Command.Stop());
  }

  /** Resumes training. */
  public ModelStatus start() {
    return change(new Command.Start());
  }

  private ModelStatus change(Command command) {
    decider.ask(command, null);
    return state.look(state::status);
  }
}
