package io.fedstep.local;

import io.fedstep.close.Gather;
import io.fedstep.close.RoundClose;
import io.fedstep.close.ShardResult;
import io.fedstep.coordinator.BestVersion;
import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.ModelMachine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Replacement;
import io.fedstep.coordinator.Retry;
import io.fedstep.coordinator.VersionMaker;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.WordSums;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.OpenRound;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Range;
import io.fedstep.vector.Shard;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Closes rounds and makes versions, on the model's thread alone. */
final class Stepper {
  /** Up to here a step takes about a millisecond, less than waking other threads is worth. */
  private static final long FEW_PARAMETERS = 4 * Range.TILE;

  private final ModelMachine machine;
  private final ModelState state;
  private final ModelFolder folder;
  private final Engine engine;
  private final Deadline deadline;
  private final Retry retry;
  private final VersionMaker maker;
  private final List<StageEnd> untold = new ArrayList<>();
  private OpenRound open;

  /** The draft of the replacement that is being made, or null. */
  private @Nullable VersionDraft named;

  private Runnable whenOpened = () -> {};

  /** Shows a version that exists, and opens its round; null where there is none to be shown. */
  private @Nullable Runnable opening;

  Stepper(
      ModelMachine machine,
      ModelState state,
      OpenRound open,
      Deadline deadline,
      Consumer<Runnable> modelThread) {
    this.machine = machine;
    this.state = state;
    this.open = open;
    this.deadline = deadline;
    engine = state.engine();
    retry = new Retry(engine, modelThread);
    folder = state.folder();
    maker = new VersionMaker(state, new Drafts());
  }

  /** Has something short done whenever another round is open. */
  void whenOpened(Runnable then) {
    whenOpened = then;
  }

  /**
   * Takes a message in, and with it the end of the stage that it fills; the last of several stages
   * is left to {@link #settle}. The lock is held.
   *
   * @return whether there was a place for it; without one the round is abandoned
   */
  boolean enter(Decision.Message message, Instant now) {
    List<Decision> decisions = machine.enter(message, now);
    take(decisions);
    return decisions.contains(message);
  }

  /** Invites more clients; the lock is held. */
  void pass(Decision.Passed deadline) {
    take(List.of(deadline));
  }

  /** Gives a stage among members its whole time again, after training was stopped. */
  void resume() {
    Round round = state.round();
    if (round.stage() > 0 && round.closed() == null) {
      state.locked(() -> {
        take(List.of(new Decision.StageResumed(round.stageName(), now())));
        return round;
      });
      force();
    }
  }

  private Instant now() {
    return engine.clock().instant();
  }

  private void take(List<Decision> decisions) {
    Round round = state.round();
    int stage = round.stage();
    var ended = new StageEnd(round.stageName(), Duration.between(round.stageBegan(), now()));
    open.append(decisions.stream().map(state::keyed).toList());
    state.decided();
    if (round.closed() != null) {
      state.closing();
    } else if (round.stage() > stage) {
      deadline.set();
    }
    if (round.course().isStaged() && (round.closed() != null || round.stage() > stage)) {
      untold.add(ended);
    }
  }

  /** A stage that is over, and how long it lasted. */
  private record StageEnd(String stage, Duration lasted) {}

  /** Forces the journal, and lets everybody go who waits for that. */
  void force() {
    open.journal().force();
    state.durable();
    untold.forEach(end -> engine.listener().stageEnded(state.model(), end.stage(), end.lasted()));
    untold.clear();
  }

  /**
   * Ends the stage that is under way, unless the round is closed already, and makes the next
   * version of one that is.
   */
  void endAndStep(@Nullable Decision end) {
    state.change(() -> {
      if (end != null) {
        take(List.of(end));
      }
      if (state.round().closed() != null) {
        state.closing();
      }
    });
    force();
    step();
  }

  /** Goes on where a crash came: before a version, or before the choice of the best. */
  void takeUp() {
    if (state.round().closed() != null) {
      retry.attempt(() -> endAndStep(null), this::tellUnclosed);
    } else {
      settle();
    }
    long newest = folder.newest().info().version();
    if (folder.head().tags().chosenAt() < newest) {
      chooseBest(newest);
    }
  }

  /** Goes on with a round that is closed, or whose stage is full. */
  void settle() {
    if (state.isClosing()) {
      step();
    } else {
      endOrRetry(machine::endOfFull);
    }
  }

  /** Ends a stage whose last deadline has come. */
  void endAtDeadline() {
    endOrRetry(machine::endAtDeadline);
  }

  /**
   * Ends a stage, if that is decided; where the disk takes nothing for now, decides again later.
   */
  private void endOrRetry(Function<Instant, @Nullable Decision> decides) {
    long number = state.round().number();
    int stage = state.round().stage();
    retry.attempt(
        () -> {
          Round round = state.round();
          boolean isOver = round.number() != number || round.stage() != stage;
          Decision end =
              isOver || round.closed() != null || state.stopped() ? null : decides.apply(now());
          if (end != null) {
            endAndStep(end);
          }
        },
        this::tellUnclosed);
  }

  private void tellUnclosed(StorageException cause) {
    engine.logError("model %s: its round cannot be closed yet".formatted(state.model()), cause);
  }

  /**
   * Makes the version of the closed round; where the disk takes nothing for now, tries again later.
   */
  private void step() {
    retry.attempt(this::stepOnce, cause -> waitFor(cause, "the next version cannot be made yet"));
  }

  /** Shows why the version waits, so that nothing enters; the log says so once. */
  private void waitFor(StorageException cause, String what) {
    if (!state.hasNoRoom()) {
      engine.logError("model %s: %s".formatted(state.model(), what), cause);
    }
    state.change(() -> state.closing(cause));
  }

  private void stepOnce() {
    if (!state.isClosing() || opening != null) {
      return;
    }
    if (isSmall()) {
      maker.tell(maker.make(state.round(), null));
    } else {
      engine.runLong(() -> maker.tell(maker.make(state.round(), null)));
    }
  }

  /** Makes a version in place of the open round, with the draft that is named, if one is. */
  VersionInfo replace(Replacement by, @Nullable VersionDraft draft) {
    named = draft;
    VersionMaker.Made made = maker.make(state.round(), by);
    named = null;
    maker.tell(made);
    return made.info();
  }

  /** Drafts in the model's folder. */
  private final class Drafts implements VersionMaker.Drafts {
    @Override
    public VersionDraft ofRound(Round round) {
      return folder.roundDraft();
    }

    @Override
    public RoundClose.Result fill(VersionDraft draft, Round round, Version before) {
      WordSums sums = state.sums();
      if (sums == null) {
        return close(draft, round, before, null);
      }
      try {
        return close(draft, round, before, sums).of(sums);
      } finally {
        sums.wipe();
      }
    }

    private RoundClose.Result close(
        VersionDraft draft, Round round, Version before, @Nullable WordSums sums) {
      ShardResult whole =
          RoundClose.run(
              state.specOfRound(),
              round.secrets(folder.head().secret()),
              before,
              round.inClientOrder(),
              open.matrix(),
              sums,
              Shard.WHOLE,
              draft,
              Gather.WHOLE,
              engine.helpers(),
              isSmall() ? 1 : engine.threads());
      return RoundClose.joined(before, List.of(whole));
    }

    @Override
    public Duration passed(Round round) {
      return Duration.ZERO;
    }

    @Override
    public VersionDraft fresh() {
      return folder.draft();
    }

    @Override
    public VersionDraft named(String name) {
      return Objects.requireNonNull(named);
    }

    @Override
    public VersionInfo commit(VersionDraft draft, VersionInfo info, @Nullable RoundRecord over) {
      if (over == null) {
        Round next = next(info, state.openedAt(info));
        open(folder.begin(draft, info, open, next), null);
      } else {
        Round next = next(info, info.createdAt());
        open(folder.advance(draft, info, over, open, next), over);
      }
      return info;
    }
  }

  private Round next(VersionInfo info, Instant openedAt) {
    return new Round(state.protocol().course(), info.version(), info.base(), openedAt);
  }

  private boolean isSmall() {
    return state.spec().parameters() <= FEW_PARAMETERS;
  }

  private void open(Supplier<ModelFolder.Advance> next, @Nullable RoundRecord over) {
    opening =
        () -> {
          ModelFolder.Advance advance = next.get();
          if (over != null) {
            chooseBest(advance.version().info().version());
          }
          state.change(() -> {
            open = advance.open();
            state.advance(advance.version(), open.round(), over);
            deadline.set();
          });
        };
    openOrRetry();
  }

  /** The version exists and has to be shown: where its round cannot be opened, tries again. */
  private void openOrRetry() {
    retry.attempt(this::openOnce, cause -> waitFor(cause, "its next round cannot be opened yet"));
  }

  private void openOnce() {
    Runnable next = opening;
    if (next != null) {
      next.run();
      opening = null;
      prune();
      whenOpened.run();
    }
  }

  /** Chooses the best of the versions before one. */
  private void chooseBest(long newest) {
    ModelHead head = folder.head();
    List<Version> before =
        folder.versions().stream().filter(one -> one.info().version() < newest).toList();
    ModelHead chosen = BestVersion.chosen(state, head, before, newest, folder::reported);
    if (!chosen.equals(head)) {
      folder.save(chosen);
    }
  }

  private void prune() {
    try {
      folder.prune(engine.keepVersions(), engine.keepRounds());
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
      engine.logError("model %s: old versions are kept for now".formatted(state.model()), e);
    }
  }
}
