package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The lock of a model, and those who wait under it: for a change, or for the force that covers what
 * they have seen. Once the model has ended, all of them are told why.
 */
final class ModelLock {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private @Nullable Refusal endedBy;
  private long decided;
  private long durable;

  /** Runs something short under the lock. */
  <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  /** Changes something under the lock, and wakes who waits for a change. */
  void change(Runnable action) {
    lock.lock();
    try {
      action.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Looks at the model. Returns once what was seen is durable, if {@code answers} says that
   * somebody is answered with it; a refusal is thrown then, and so it is if the model has ended.
   */
  <T> T look(Supplier<T> look, Predicate<T> answers) {
    lock.lock();
    try {
      check();
      T seen;
      try {
        seen = look.get();
      } catch (RefusedException e) {
        awaitDurable();
        throw e;
      }
      if (answers.test(seen)) {
        awaitDurable();
      }
      return seen;
    } finally {
      lock.unlock();
    }
  }

  private void awaitDurable() {
    long seen = decided;
    while (durable < seen && endedBy == null) {
      changed.awaitUninterruptibly();
    }
    check();
  }

  /** Looks again at each change, until what is seen is enough or the time is over. */
  <T> T await(Supplier<T> look, Predicate<T> enough, Duration time) {
    long rest = time.toNanos();
    lock.lock();
    try {
      T seen = look(look, _ -> true);
      while (!enough.test(seen) && rest > 0) {
        try {
          rest = changed.awaitNanos(rest);
        } catch (InterruptedException e) {
          throw new IllegalStateException("waits are not interrupted", e);
        }
        seen = look(look, _ -> true);
      }
      return seen;
    } finally {
      lock.unlock();
    }
  }

  /** A decision was appended to the journal; the lock is held. */
  void decided() {
    decided++;
  }

  /** All that was decided is durable: lets everybody go who waits for that. */
  void durable() {
    change(() -> durable = decided);
  }

  /** Throws if the model has ended; the lock is held. */
  void check() {
    if (endedBy != null) {
      throw endedBy.exception();
    }
  }

  /** Why the model has ended, or null; the lock is held. */
  @Nullable Refusal endedBy() {
    return endedBy;
  }

  /** Ends the model; the first reason stays, unless it is removed. */
  void end(Refusal refusal) {
    change(() -> {
      if (endedBy == null || refusal.problem() == Problem.MODEL_NOT_FOUND) {
        endedBy = refusal;
      }
    });
  }

  /** Has the model ended by that reason, or not at all; the lock is held. */
  void setEndedBy(@Nullable Refusal why) {
    endedBy = why;
  }
}
