package io.fedstep.local;

import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.ModelMachine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Replacement;
import io.fedstep.coordinator.Retry;
import io.fedstep.coordinator.VersionMaker;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.OpenRound;
import io.fedstep.store.StorageException;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Closes rounds and makes versions, on the model's thread alone. */
final class Stepper {
  private final ModelMachine machine;
  private final ModelState state;
  private final ModelFolder folder;
  private final Engine engine;
  private final Deadline deadline;
  private final Retry retry;
  private final RoundOpening opening;
  private final VersionMaker maker;
  private final List<StageEnd> untold = new ArrayList<>();

  Stepper(
      ModelMachine machine,
      ModelState state,
      OpenRound open,
      Deadline deadline,
      Consumer<Runnable> modelThread) {
    this.machine = machine;
    this.state = state;
    this.deadline = deadline;
    engine = state.engine();
    retry = new Retry(engine, modelThread);
    folder = state.folder();
    opening = new RoundOpening(state, open, deadline, retry);
    maker = maker(null);
  }

  /** Makes versions, replacements with the draft that they name. */
  private VersionMaker maker(@Nullable VersionDraft named) {
    return new VersionMaker(state, new LocalDrafts(state, opening, named));
  }

  /** Has something short done whenever another round is open. */
  void whenOpened(Runnable then) {
    opening.whenOpened(then);
  }

  /**
   * Takes a message in, and with it the end of the stage that it fills; the last of several stages
   * is left to {@link #settle}. The lock is held.
   *
   * @return whether there was a place for it; without one the round is abandoned
   */
  boolean enter(Decision.Message message, Instant now) {
    List<Decision> decisions = machine.enter(message, now);
    append(decisions);
    return decisions.contains(message);
  }

  /** Invites more clients; the lock is held. */
  void pass(Decision.Passed deadline) {
    append(List.of(deadline));
  }

  /** Gives a stage among members its whole time again, after training was stopped. */
  void resume() {
    Round round = state.round();
    if (round.stage() > 0 && round.closed() == null) {
      state.locked(() -> {
        append(List.of(new Decision.StageResumed(round.stageName(), now())));
        return round;
      });
      force();
    }
  }

  private Instant now() {
    return engine.clock().instant();
  }

  private void append(List<Decision> decisions) {
    Round round = state.round();
    int stage = round.stage();
    var ended = new StageEnd(round.stageName(), Duration.between(round.stageBegan(), now()));
    opening.open().append(decisions.stream().map(state::keyed).toList());
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
    opening.open().journal().force();
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
        append(List.of(end));
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
      opening.chooseBest(newest);
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
    retry.attempt(
        this::stepOnce, cause -> state.waitsFor(cause, "the next version cannot be made yet"));
  }

  private void stepOnce() {
    if (!state.isClosing() || opening.isPending()) {
      return;
    }
    if (LocalDrafts.isSmall(state)) {
      maker.tell(maker.make(state.round(), null));
    } else {
      engine.runLong(() -> maker.tell(maker.make(state.round(), null)));
    }
  }

  /** Makes a version in place of the open round, with the draft that is named, if one is. */
  VersionInfo replace(Replacement by, @Nullable VersionDraft draft) {
    VersionMaker.Made made = maker(draft).make(state.round(), by);
    maker.tell(made);
    return made.info();
  }
}
