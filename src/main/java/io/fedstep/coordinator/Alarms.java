package io.fedstep.coordinator;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** What runs something short after a delay. */
public interface Alarms extends AutoCloseable {
  Future<?> after(Duration delay, Runnable alarm);

  /** The monotonic clock by which they run, in nanoseconds. */
  long nanos();

  /** Nothing rings any more. */
  @Override
  void close();

  /** Alarms on the monotonic clock, on one thread. */
  static Alarms monotonic() {
    ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("deadlines").factory());
    return new Alarms() {
      @Override
      public Future<?> after(Duration delay, Runnable alarm) {
        return thread.schedule(alarm, Math.max(0, delay.toNanos()), TimeUnit.NANOSECONDS);
      }

      @Override
      public long nanos() {
        return System.nanoTime();
      }

      @Override
      public void close() {
        thread.shutdownNow();
      }
    };
  }
}
