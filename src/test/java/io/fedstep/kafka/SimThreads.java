package io.fedstep.kafka;

import static java.util.stream.Collectors.joining;

import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Threads of which one runs at a time, until it waits for something: which of those that can go on
 * comes next is drawn, so that a seed gives the same order again.
 *
 * <p>They are virtual ones. Who carries them is given to a constructor that the JDK keeps for its
 * own tests, which needs {@code --add-opens java.base/java.lang=ALL-UNNAMED}. What waits for a
 * monitor is woken by a thread of the JDK's: that happens with those of the JDK itself, which other
 * tests use as well, and no other thread goes on meanwhile. What waits until a time is woken so
 * too, and must not happen here.
 */
final class SimThreads {
  private final Random random;
  private final Thread driver = Thread.currentThread();
  private final List<Ready> ready = new ArrayList<>();

  /** What had to wait for a monitor, and goes on before all others. */
  private final Queue<Ready> woken = new ConcurrentLinkedQueue<>();

  private final List<Throwable> failures = new ArrayList<>();
  private @Nullable SimProcess last;

  /** What goes on now; the monitor may be free again before it has stopped for it. */
  private @Nullable Carried running;

  private long steps;

  private record Ready(SimProcess process, Carried thread, Runnable goesOn) {}

  /** A thread, and where it is handed over as soon as it can go on. */
  private final class Carried implements Executor {
    private final SimProcess process;
    private @Nullable Thread thread;

    Carried(SimProcess process) {
      this.process = process;
    }

    @Override
    public void execute(Runnable goesOn) {
      var next = new Ready(process, this, goesOn);
      Thread by = Thread.currentThread();
      if (running == this || (by != driver && !by.isVirtual())) {
        woken.add(next);
      } else if (!process.killed) {
        ready.add(next);
      }
    }

    Thread.State state() {
      return Objects.requireNonNull(thread).getState();
    }
  }

  SimThreads(Random random) {
    this.random = random;
  }

  /** The threads of a process, which may all stand still for a while, or for good. */
  final class SimProcess {
    private final List<Thread> threads = new ArrayList<>();
    private boolean stopped;
    private boolean killed;

    /** A thread that is not started yet. */
    Thread thread(String name, Runnable work) {
      var carried = new Carried(this);
      Thread thread =
          builder(carried)
              .name(name)
              .uncaughtExceptionHandler((_, failure) -> failed(failure))
              .unstarted(work);
      carried.thread = thread;
      threads.removeIf(one -> one.getState() == Thread.State.TERMINATED);
      threads.add(thread);
      return thread;
    }

    /** Where its threads wait. */
    String stacks() {
      return threads.stream()
          .map(one ->
              "%s %s%n%s"
                  .formatted(
                      one.getName(),
                      one.getState(),
                      Stream.of(one.getStackTrace())
                          .filter(frame -> frame.getClassName().startsWith("io.fedstep"))
                          .map("  at %s%n"::formatted)
                          .collect(joining())))
          .collect(joining());
    }

    /** None of its threads goes on until it does. */
    void stop() {
      stopped = true;
    }

    void goOn() {
      stopped = false;
    }

    /** None of its threads goes on ever again. */
    void kill() {
      killed = true;
      ready.removeIf(one -> one.process() == this);
    }

    boolean isStopped() {
      return stopped;
    }

    boolean isKilled() {
      return killed;
    }
  }

  private static Thread.Builder builder(Executor carrier) {
    try {
      Constructor<?> constructor =
          Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
              .getDeclaredConstructor(Executor.class);
      constructor.setAccessible(true);
      return (Thread.Builder) constructor.newInstance(carrier);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JDK has no virtual threads with a carrier of ours", e);
    }
  }

  /** Has a thread go on until it waits; false if there is none that can. */
  boolean step() {
    @Nullable Ready next = draw();
    if (next == null) {
      return false;
    }
    steps++;
    last = next.process();
    running = next.thread();
    next.goesOn().run();
    while (waitsForMonitor(next)) {
      Ready again = woken.poll();
      if (again == null) {
        Thread.onSpinWait();
      } else {
        again.goesOn().run();
      }
    }
    running = null;
    return true;
  }

  /** Whether a thread waits for a monitor, or need not any more and was not handed over yet. */
  private boolean waitsForMonitor(Ready one) {
    return switch (one.thread().state()) {
      case BLOCKED -> true;
      case RUNNABLE -> !one.process().killed;
      case NEW, WAITING, TIMED_WAITING, TERMINATED -> false;
    };
  }

  private @Nullable Ready draw() {
    List<Ready> able = ready.stream().filter(one -> !one.process().stopped).toList();
    if (able.isEmpty()) {
      return null;
    }
    Ready next = able.get(random.nextInt(able.size()));
    ready.remove(next);
    return next;
  }

  /** The process whose thread went on last. */
  @Nullable SimProcess last() {
    return last;
  }

  /** How often a thread has gone on. */
  long steps() {
    return steps;
  }

  /** Notes what a thread ended by that should not have ended so. */
  void failed(Throwable failure) {
    failures.add(failure);
  }

  List<Throwable> failures() {
    return failures;
  }
}
