package io.fedstep.local;

import io.fedstep.coordinator.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/** Alarms of a clock that stands still, which ring when they are told to. */
final class SimScheduler implements Scheduler {
  private record Alarm(Duration due, FutureTask<?> task) {}

  private final FakeClock clock;
  private final List<Alarm> alarms = new ArrayList<>();

  SimScheduler(FakeClock clock) {
    this.clock = clock;
  }

  @Override
  public synchronized Future<?> after(Duration delay, Runnable alarm) {
    var task = new FutureTask<>(alarm, alarm);
    alarms.add(new Alarm(clock.elapsed().plus(delay), task));
    return task;
  }

  @Override
  public Thread thread(String name, Runnable work) {
    return Thread.ofPlatform().daemon().name(name).unstarted(work);
  }

  @Override
  public long nanos() {
    return clock.elapsed().toNanos();
  }

  /** Runs what is due. */
  void ring() {
    takeDue().forEach(FutureTask::run);
  }

  private synchronized List<FutureTask<?>> takeDue() {
    var due = new ArrayList<FutureTask<?>>();
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
