package io.fedstep.coordinator;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** What runs work that has no caller: short work after a delay, other work on its own thread. */
public interface Scheduler extends AutoCloseable {
  /** Runs something short after a delay. */
  Future<?> after(Duration delay, Runnable alarm);

  /** A thread for that work, not started yet. */
  Thread thread(String name, Runnable work);

  /** The monotonic clock by which delays are measured, in nanoseconds. */
  long nanos();

  /** Nothing rings any more. */
  @Override
  void close();

  /** The operating system's threads, one of which runs what is delayed by its monotonic clock. */
  static Scheduler platform() {
    ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("deadlines").factory());
    return new Scheduler() {
      @Override
      public Future<?> after(Duration delay, Runnable alarm) {
        return thread.schedule(alarm, Math.max(0, delay.toNanos()), TimeUnit.NANOSECONDS);
      }

      @Override
      public Thread thread(String name, Runnable work) {
        return Thread.ofPlatform().daemon().name(name).unstarted(work);
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
