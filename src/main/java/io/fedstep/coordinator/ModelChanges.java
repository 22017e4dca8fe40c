package io.fedstep.coordinator;

import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.OptiModule;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.StateEntry;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What an administrator does to one model; each runs on the model's thread. */
public final class ModelChanges {
  private final ModelRunner runner;
  private final ModelState state;
  private final ModelFolder folder;

  ModelChanges(ModelRunner runner) {
    this.runner = runner;
    state = runner.state();
    folder = state.folder();
  }

  /**
   * Makes a new version with the content of an earlier one; {@code newest} as the client saw it.
   */
  public VersionInfo restore(Version version, @Nullable Long newest) {
    return replace(
        newest,
        VersionInfo.MadeBy.RESTORE,
        () -> {
          VersionDraft draft = folder.draft();
          draft.copyWeights(version);
          draft.copyState(version);
          return draft;
        });
  }

  /** Begins a version, for {@link #setState}; to be closed. */
  public VersionDraft beginState() {
    return folder.draft();
  }

  /** Makes a new version of the newest weights and the state of a draft. */
  public VersionInfo setState(VersionDraft draft, @Nullable Long newest) {
    return replace(
        newest,
        VersionInfo.MadeBy.STATE,
        () -> {
          draft.copyWeights(folder.newest());
          return draft;
        });
  }

  private VersionInfo replace(
      @Nullable Long expected, VersionInfo.MadeBy madeBy, Supplier<VersionDraft> filled) {
    return runner.command(() -> {
      state.checkNotClosing();
      long newest = folder.newest().info().version();
      if (expected != null && expected != newest) {
        throw Refusal.of(
                Problem.VERSION_DIFFERS,
                "The newest version is %d, not %d.".formatted(newest, expected))
            .with("newest", newest)
            .exception();
      }
      try (VersionDraft draft = filled.get()) {
        return runner.stepper().discardFor(draft, madeBy);
      }
    });
  }

  /**
   * Begins version 0, for {@link #setWeights}, or refuses before anything is sent; to be closed.
   */
  public VersionDraft beginWeights() {
    boolean late = state.look(() -> !isSet(folder.version(0)) && started());
    if (late) {
      throw alreadyStarted().exception();
    }
    return folder.draft();
  }

  /** Sets version 0's weights from a draft that has them; the same ones again are no change. */
  public VersionInfo setWeights(VersionDraft draft) {
    return runner.command(() -> {
      String digest = draft.weightsDigest();
      Version first = folder.version(0);
      if (first != null && isSet(first) && first.info().digest().equals(digest)) {
        return first.info();
      }
      if (started()) {
        throw alreadyStarted().exception();
      }
      return runner.stepper().setWeights(draft, digest);
    });
  }

  private static boolean isSet(@Nullable Version first) {
    return first != null && first.info().madeBy() == VersionInfo.MadeBy.WEIGHTS;
  }

  private boolean started() {
    return folder.newest().info().madeBy() != VersionInfo.MadeBy.CREATED
        || state.open().round().updates() > 0;
  }

  private Refusal alreadyStarted() {
    return Refusal.of(
        Problem.ALREADY_STARTED,
        "Model '%s' already has weights or updates; its first weights are set once, before."
            .formatted(state.model()));
  }

  /** Closes the open round; returns once its version exists. */
  public RoundRecord close() {
    return runner.command(() -> {
      state.checkNotClosing();
      ModelStatus status = state.status();
      if (status.phase() == Phase.STOPPED) {
        throw Refusal.of(
                Problem.TRAINING_STOPPED,
                "Training of model '%s' is stopped; start it to close a round."
                    .formatted(state.model()))
            .exception();
      }
      long round = status.newest().version();
      int least = state.spec().round().minUpdates();
      if (status.updates() < least) {
        throw Refusal.of(
                Problem.TOO_FEW_UPDATES,
                "Round %d has %d updates; %d are needed to close it."
                    .formatted(round, status.updates(), least))
            .with("updates", status.updates())
            .with("min_updates", least)
            .exception();
      }
      runner.stepper().closeAndStep(Decision.Cause.MANUAL);
      state.checkNotClosing();
      return Objects.requireNonNull(state.record(round));
    });
  }

  /** Replaces the round policy at once. */
  public ModelStatus setPolicy(RoundPolicy policy) {
    return change(head -> {
      try {
        return head.with(head.spec().with(policy));
      } catch (IllegalArgumentException e) { // the aggregator needs more updates
        throw Refusal.of(Problem.BAD_SPEC, "In 'round': %s.".formatted(e.getMessage())).exception();
      }
    });
  }

  /** Takes other hyper-parameters for the same modules, from the next close on. */
  public ModelStatus setOptimizer(Optimizer optimizer) {
    return change(head -> {
      List<String> modules = names(head.spec().optimizer());
      if (!modules.equals(names(optimizer))) {
        throw Refusal.of(
                Problem.BAD_SPEC,
                "The model's modules are %s; only their hyper-parameters can be replaced."
                    .formatted(modules))
            .exception();
      }
      if (!states(head.spec().optimizer()).equals(states(optimizer))) {
        throw Refusal.of(
                Problem.BAD_SPEC,
                "With these hyper-parameters (amsgrad) the modules' state has other vectors.")
            .exception();
      }
      return head.with(head.spec().with(optimizer));
    });
  }

  private static List<String> names(Optimizer optimizer) {
    return optimizer.modules().stream().map(OptiModule::name).toList();
  }

  private static List<List<StateEntry>> states(Optimizer optimizer) {
    return optimizer.modules().stream().map(OptiModule::state).toList();
  }

  /** Ends training. */
  public ModelStatus stop() {
    return change(ModelHead::stop);
  }

  /** Resumes training. */
  public ModelStatus start() {
    return change(head -> head.start(folder.newest().info().version()));
  }

  private ModelStatus change(UnaryOperator<ModelHead> change) {
    return runner.command(() -> {
      state.checkNotClosing();
      folder.save(change.apply(folder.head()));
      runner.adjust();
      return state.status();
    });
  }
}
