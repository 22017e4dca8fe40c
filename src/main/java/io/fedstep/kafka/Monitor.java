package io.fedstep.kafka;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A lock over what threads share, and wait for changes of; no wait is interrupted. */
final class Monitor {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Changes something, and wakes who waits. */
  void change(Runnable action) {
    get(() -> {
      action.run();
      changed.signalAll();
      return true;
    });
  }

  /** Looks at something, or changes what nobody waits for. */
  <T> T get(Supplier<T> look) {
    lock.lock();
    try {
      return look.get();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until something is so, and looks at it before it changes. */
  <T> T await(BooleanSupplier isSo, Supplier<T> look) {
    return get(() -> {
      while (!isSo.getAsBoolean()) {
        changed.awaitUninterruptibly();
      }
      return look.get();
    });
  }

  /** Waits until something is so; false if the time is over before. */
  boolean await(BooleanSupplier isSo, Duration time) {
    return get(() -> {
      long rest = time.toNanos();
      while (!isSo.getAsBoolean() && rest > 0) {
        try {
          rest = changed.awaitNanos(rest);
        } catch (InterruptedException e) {
          throw new IllegalStateException("waits are not interrupted", e);
        }
      }
      return isSo.getAsBoolean();
    });
  }

  /** Waits for the end of a thread. */
  static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException("the end is not interrupted", e);
    }
  }
}
