package io.fedstep.local;

import io.fedstep.close.Gather;
import io.fedstep.close.Part;
import io.fedstep.close.RoundClose;
import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.OpenRound;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Range;
import io.fedstep.vector.Shard;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Closes rounds and makes versions, on the model's thread alone. */
final class Stepper {
  private static final Duration RETRY = Duration.ofSeconds(5);

  /** Up to here a step takes about a millisecond, less than waking other threads is worth. */
  private static final long FEW_PARAMETERS = 4 * Range.TILE;

  private final ModelState state;
  private final ModelFolder folder;
  private final Engine engine;
  private final Deadline deadline;
  private final Consumer<Runnable> modelThread;
  private OpenRound open;

  /** Shows a version that exists, and opens its round; null where there is none to be shown. */
  private @Nullable Runnable opening;

  Stepper(
      ModelState state,
      OpenRound open,
      Engine engine,
      Deadline deadline,
      Consumer<Runnable> modelThread) {
    this.state = state;
    this.open = open;
    this.engine = engine;
    this.deadline = deadline;
    this.modelThread = modelThread;
    folder = state.folder();
  }

  /** Takes an update in, and with it the close if it fills the round; the lock is held. */
  void enter(Decision.Accepted update, Instant now) {
    Round round = state.round();
    take(
        update.updates() < state.spec().round().maxUpdates()
            ? List.of(update)
            : List.of(update, round.close(Decision.Cause.MAX_UPDATES, now)));
  }

  /** Invites more clients; the lock is held. */
  void pass(Decision.Passed deadline) {
    take(List.of(deadline));
  }

  private void take(List<Decision> decisions) {
    open.take(decisions);
    state.decided();
    if (state.round().closed() != null) {
      state.closing();
    }
  }

  /** Forces the journal, and lets everybody go who waits for that. */
  void force() {
    open.journal().force();
    state.durable();
  }

  /** Closes the round unless it is closed already, and makes the next version. */
  void closeAndStep(Decision.Cause cause) {
    state.change(() -> {
      if (state.round().closed() == null) {
        take(List.of(state.round().close(cause, engine.clock().instant())));
      }
      state.closing();
    });
    force();
    step();
  }

  /** The same; where the disk takes nothing for now, tries again later. */
  void closeOrRetry(Decision.Cause cause) {
    try {
      closeAndStep(cause);
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
      engine.warn("model %s: its round cannot be closed yet".formatted(state.model()), e);
      long number = state.round().number();
      var _ = engine.after(RETRY, () -> modelThread.accept(() -> closeAgain(cause, number)));
    }
  }

  private void closeAgain(Decision.Cause cause, long number) {
    Round round = state.round();
    if (round.number() == number && round.closed() == null && !state.stopped()) {
      closeOrRetry(cause);
    }
  }

  /**
   * Makes the version of the closed round; where the disk takes nothing for now, tries again later.
   */
  void step() {
    if (!state.isClosing() || opening != null) {
      return;
    }
    try {
      if (state.spec().parameters() <= FEW_PARAMETERS) {
        stepOnce();
      } else {
        engine.runLong(this::stepOnce);
      }
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
      engine.warn("model %s: the next version cannot be made yet".formatted(state.model()), e);
      state.change(() -> state.closing(e));
      var _ = engine.after(RETRY, () -> modelThread.accept(this::step));
    }
  }

  private void stepOnce() {
    Version before = folder.newest();
    long started = System.nanoTime();
    VersionDraft draft = folder.roundDraft();
    try {
      Part whole =
          RoundClose.run(
              state.spec(),
              folder.head().secret(),
              before,
              state.round().inClientOrder(),
              open.matrix(),
              Shard.WHOLE,
              draft,
              Gather.WHOLE,
              engine.helpers(),
              threads());
      RoundClose.Result result = RoundClose.joined(before, List.of(whole));
      if (!result.finite()) {
        draft.close();
        draft = folder.draft();
        draft.copyWeights(before);
        draft.copyState(before);
      }
      long computed = System.nanoTime();
      RoundRecord over =
          record(
              result.finite() ? RoundRecord.Outcome.COMPLETED : RoundRecord.Outcome.NOT_FINITE,
              result.gradientNorm(),
              result.finite() ? result.stepNorm() : null);
      commit(draft, VersionInfo.MadeBy.ROUND, over);
      tell(over, computed - started, System.nanoTime() - computed);
    } finally {
      draft.close();
    }
  }

  private int threads() {
    return state.spec().parameters() <= FEW_PARAMETERS ? 1 : engine.threads();
  }

  private RoundRecord record(
      RoundRecord.Outcome outcome, @Nullable Double gradientNorm, @Nullable Double stepNorm) {
    return RoundRecord.of(
        state.round(),
        outcome,
        state.spec(),
        state.participation(),
        engine.clock().instant(),
        gradientNorm,
        stepNorm);
  }

  private void tell(RoundRecord over, long aggregationNanos, long commitNanos) {
    engine
        .listener()
        .roundEnded(
            state.model(), over, Duration.ofNanos(aggregationNanos), Duration.ofNanos(commitNanos));
  }

  /** Makes a draft that an administrator filled the next version, in place of the open round. */
  VersionInfo discardFor(VersionDraft draft, VersionInfo.MadeBy madeBy) {
    RoundRecord discarded = record(RoundRecord.Outcome.DISCARDED, null, null);
    VersionInfo info = commit(draft, madeBy, discarded);
    tell(discarded, 0, 0);
    return info;
  }

  private VersionInfo commit(VersionDraft draft, VersionInfo.MadeBy madeBy, RoundRecord over) {
    Instant now = over.endedAt();
    long number = folder.newest().info().version() + 1;
    var info = new VersionInfo(number, madeBy, folder.base(number), now, draft.weightsDigest());
    Supplier<ModelFolder.Advance> next =
        folder.advance(draft, info, over, open, new Round(number, info.base(), now));
    open(next, over);
    return info;
  }

  private void open(Supplier<ModelFolder.Advance> next, @Nullable RoundRecord over) {
    opening =
        () -> {
          ModelFolder.Advance advance = next.get();
          state.change(() -> {
            open = advance.open();
            state.advance(advance.version(), open.round(), over);
            if (over != null) {
              deadline.set();
            }
          });
        };
    openOrRetry();
  }

  /** The version exists and has to be shown: where its round cannot be opened, tries again. */
  private void openOrRetry() {
    Runnable next = opening;
    if (next == null) {
      return;
    }
    try {
      next.run();
      opening = null;
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
      engine.warn("model %s: its next round cannot be opened yet".formatted(state.model()), e);
      state.change(() -> state.closing(e)); // nothing enters, and nothing is changed
      var _ = engine.after(RETRY, () -> modelThread.accept(this::openOrRetry));
      return;
    }
    prune();
  }

  private void prune() {
    try {
      folder.prune(engine.keepVersions(), engine.keepRounds());
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
      engine.warn("model %s: old versions are kept for now".formatted(state.model()), e);
    }
  }

  /** Makes a draft with weights version 0, while nothing trains from its zeros yet. */
  VersionInfo setWeights(VersionDraft draft, String digest) {
    draft.initialState();
    Round round = state.round();
    var info =
        new VersionInfo(
            0, VersionInfo.MadeBy.WEIGHTS, folder.base(0) + "w", engine.clock().instant(), digest);
    open(folder.begin(draft, info, open, new Round(0, info.base(), round.openedAt())), null);
    return info;
  }
}
