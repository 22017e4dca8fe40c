package io.fedstep.local;

import io.fedstep.coordinator.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.BiFunction;

/** Alarms of a clock that stands still, which ring when they are told to. */
public final class SimScheduler implements Scheduler {
  private record Alarm(Duration due, FutureTask<?> task) {}

  private final FakeClock clock;
  private final BiFunction<String, Runnable, Thread> threads;
  private final List<Alarm> alarms = new ArrayList<>();

  SimScheduler(FakeClock clock) {
    this(clock, (name, work) -> Thread.ofPlatform().daemon().name(name).unstarted(work));
  }

  /** The same, whose threads are made by {@code threads}, from a name and what they do. */
  public SimScheduler(FakeClock clock, BiFunction<String, Runnable, Thread> threads) {
    this.clock = clock;
    this.threads = threads;
  }

  @Override
  public synchronized Future<?> after(Duration delay, Runnable alarm) {
    var task = new FutureTask<>(alarm, alarm);
    alarms.add(new Alarm(clock.elapsed().plus(delay), task));
    return task;
  }

  @Override
  public Thread thread(String name, Runnable work) {
    return threads.apply(name, work);
  }

  @Override
  public long nanos() {
    return clock.elapsed().toNanos();
  }

  /** Runs what is due. */
  void ring() {
    takeDue().forEach(Runnable::run);
  }

  /** Runs what is due, each on a thread of its own. */
  public void ringOnThreads() {
    takeDue().forEach(alarm -> thread("alarm", alarm).start());
  }

  private synchronized List<Runnable> takeDue() {
    var due = new ArrayList<Runnable>();
    for (Alarm alarm : List.copyOf(alarms)) {
      if (alarm.due().compareTo(clock.elapsed()) <= 0) {
        alarms.remove(alarm);
        due.add(alarm.task());
      }
    }
    return due;
  }

  @Override
  public synchronized void close() {
    alarms.clear();
  }
}
