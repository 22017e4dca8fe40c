package io.fedstep.coordinator;

import io.fedstep.round.Decision;
import io.fedstep.round.Quorum;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The alarm of the open round's stage. It runs on the monotonic clock, and every few seconds
 * compares that with the wall clock: where one was set, the deadline is reckoned anew.
 */
public final class Deadline {
  /** After which a clock that was set is noticed. */
  private static final Duration LOOK = Duration.ofSeconds(5);

  /** More than clocks drift apart between two looks. */
  private static final Duration DRIFT = Duration.ofSeconds(1);

  private final ModelState state;
  private final Engine engine;
  private final Consumer<Instant> rings;
  private @Nullable Future<?> alarm;

  /** An alarm that tells {@code rings} which deadline has come, on a thread of the engine's. */
  public Deadline(ModelState state, Engine engine, Consumer<Instant> rings) {
    this.state = state;
    this.engine = engine;
    this.rings = rings;
  }

  /** One that is only shown; what comes of it is decided elsewhere. */
  public Deadline(ModelState state, Engine engine) {
    this.state = state;
    this.engine = engine;
    rings = this::show;
  }

  /** Sets the first deadline after now; the lock is held. */
  public void set() {
    setAfter(engine.clock().instant());
  }

  private void setAfter(Instant now) {
    cancel();
    Instant next =
        state.awaitsWeights() ? null : state.quorum().deadline(state.round().stageBegan(), now);
    state.deadline(next);
    if (next != null && !state.stopped()) {
      Instant wall = engine.clock().instant();
      await(next, wall, Duration.between(wall, next));
    }
  }

  private void await(Instant due, Instant wall, Duration left) {
    long nanos = engine.nanos();
    Duration pause = Collections.min(List.of(left, LOOK));
    alarm = engine.after(pause, () -> look(due, wall, nanos, left));
  }

  /** Looks at both clocks: at {@code wall} and {@code nanos}, so much was left. */
  private void look(Instant due, Instant wall, long nanos, Duration left) {
    boolean comes =
        state.locked(() -> {
          if (!due.equals(state.deadline())) {
            return false;
          }
          Duration passed = Duration.ofNanos(engine.nanos() - nanos);
          Instant now = engine.clock().instant();
          if (Duration.between(wall.plus(passed), now).abs().compareTo(DRIFT) > 0) {
            setAfter(now);
            return false;
          }
          Duration rest = left.minus(passed);
          if (rest.isPositive()) {
            await(due, now, rest);
            return false;
          }
          return true;
        });
    if (comes) {
      rings.accept(due);
    }
  }

  /** What comes of a deadline. */
  public enum Outcome {
    /** It was that of another round, or is another by now. */
    NOTHING,
    /** The stage is to be ended: there are enough messages, or no other deadline follows. */
    ENDS,
    /** There are too few messages, and another deadline follows. */
    PASSES
  }

  /**
   * What comes of a deadline that has come.
   *
   * @param decides takes the decision to invite more clients, under the lock
   */
  public Outcome came(Instant due, Consumer<Decision.Passed> decides) {
    return state.locked(() -> {
      if (!due.equals(state.deadline()) || state.isClosing() || state.stopped()) {
        return Outcome.NOTHING;
      }
      Quorum quorum = state.quorum();
      if (state.round().answers(state.round().stage()) >= quorum.least() || !quorum.repeats()) {
        return Outcome.ENDS;
      }
      // however late it is: one has passed, and the next lies ahead
      Instant now = Collections.max(List.of(due, engine.clock().instant()));
      if (state.participation() < 1) {
        decides.accept(state.pass(now));
      } else {
        state.passed();
      }
      setAfter(now);
      return Outcome.PASSES;
    });
  }

  /** A deadline came where nothing is decided: more clients are invited once that is known. */
  private void show(Instant due) {
    state.change(() -> {
      if (due.equals(state.deadline()) && state.participation() == 1) {
        var _ = came(due, _ -> {});
      }
    });
  }

  /** Nothing rings any more; the lock is held. */
  public void cancel() {
    if (alarm != null) {
      alarm.cancel(false);
      alarm = null;
    }
  }
}
