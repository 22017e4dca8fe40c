package io.fedstep.kafka;

import io.fedstep.coordinator.Scheduler;
import io.fedstep.local.FakeClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/** The threads and alarms of a simulated process. */
final class SimScheduling implements Scheduler {
  private record Alarm(Duration due, FutureTask<?> task) {}

  private final SimThreads.SimProcess process;
  private final FakeClock clock;
  private final List<Alarm> alarms = new ArrayList<>();

  SimScheduling(SimThreads.SimProcess process, FakeClock clock) {
    this.process = process;
    this.clock = clock;
  }

  @Override
  public Future<?> after(Duration delay, Runnable alarm) {
    var task = new FutureTask<Void>(alarm, null);
    alarms.add(new Alarm(clock.elapsed().plus(delay), task));
    return task;
  }

  @Override
  public Thread thread(String name, Runnable work) {
    return process.thread(name, work);
  }

  @Override
  public long nanos() {
    return clock.elapsed().toNanos();
  }

  /** Begins what is due. */
  void ring() {
    for (Alarm alarm : List.copyOf(alarms)) {
      if (alarm.due().compareTo(clock.elapsed()) <= 0) {
        alarms.remove(alarm);
        process.thread("alarm", alarm.task()).start();
      }
    }
  }

  @Override
  public void close() {
    alarms.clear();
  }
}
