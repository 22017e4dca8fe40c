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
public final class Deadline {
  private final ModelState state;
  private final Engine engine;
  private final @Nullable Consumer<Instant> rings;
  private @Nullable Future<?> alarm;

  /**
   * An alarm that tells {@code rings} which deadline has come, on a thread of the engine's; null if
   * it is only shown, and what comes of it is decided elsewhere.
   */
  public Deadline(ModelState state, Engine engine, @Nullable Consumer<Instant> rings) {
    this.state = state;
    this.engine = engine;
    this.rings = rings;
  }

  /** Sets the first deadline after {@code now}; the lock is held. */
  public void set(Instant now) {
    cancel();
    RoundPolicy policy = state.spec().round();
    Instant next = policy.deadline(state.round().openedAt(), now);
    state.deadline(next);
    if (next != null && !state.stopped()) {
      alarm = engine.after(Duration.between(now, next), () -> ring(next));
    }
  }

  private void ring(Instant due) {
    if (rings != null) {
      rings.accept(due);
    } else {
      var _ = closes(due);
    }
  }

  /** Whether the round closes at a deadline that came; with too few updates it passes. */
  public boolean closes(Instant due) {
    return state.locked(() -> {
      Duration timeout = state.spec().round().timeout();
      if (!due.equals(state.deadline())
          || timeout == null
          || state.isClosing()
          || state.stopped()) {
        return false;
      }
      if (state.round().updates() >= state.spec().round().minUpdates()) {
        return true;
      }
      pass(due, timeout);
      if (rings != null) {
        engine.listener().deadlinePassed(state.model());
      }
      return false;
    });
  }

  private void pass(Instant passed, Duration timeout) {
    cancel();
    Instant next = passed.plus(timeout);
    state.deadline(next);
    alarm = engine.after(timeout, () -> ring(next));
  }

  /** Nothing rings any more; the lock is held. */
  public void cancel() {
    if (alarm != null) {
      alarm.cancel(false);
      alarm = null;
    }
  }
}
