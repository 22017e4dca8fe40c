package io.fedstep.coordinator;

import io.fedstep.model.RoundPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The alarm of the open round. It runs on the monotonic clock; the wall clock says once, when it is
 * set, how much is left.
 */
final class Deadline {
  private final ModelState state;
  private final Engine engine;
  private final Consumer<Instant> rings;
  private @Nullable Future<?> alarm;

  /** An alarm that tells {@code rings} which deadline has come, on a thread of the engine's. */
  Deadline(ModelState state, Engine engine, Consumer<Instant> rings) {
    this.state = state;
    this.engine = engine;
    this.rings = rings;
  }

  /** Sets the first deadline after {@code now}; the lock is held. */
  void set(Instant now) {
    cancel();
    RoundPolicy policy = state.spec().round();
    Instant next = policy.deadline(state.round().openedAt(), now);
    state.deadline(next);
    if (next != null && !state.stopped()) {
      alarm = engine.after(Duration.between(now, next), () -> rings.accept(next));
    }
  }

  /** Moves on to the deadline after one that came with too few updates; the lock is held. */
  void pass(Instant passed, Duration timeout) {
    cancel();
    Instant next = passed.plus(timeout);
    state.deadline(next);
    alarm = engine.after(timeout, () -> rings.accept(next));
  }

  /** Nothing rings any more; the lock is held. */
  void cancel() {
    if (alarm != null) {
      alarm.cancel(false);
      alarm = null;
    }
  }
}
