package io.fedstep.kafka;

import static java.util.stream.Collectors.joining;

import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Threads of which one runs at a time, until it waits for something: which of those that can go on
 * comes next is drawn, so that a seed gives the same order again.
 *
 * <p>They are virtual ones. Who carries them is given to a constructor that the JDK keeps for its
 * own tests, which needs {@code --add-opens java.base/java.lang=ALL-UNNAMED}. What waits for a
 * monitor, or until a time, is woken by a thread of the JDK's, and must not happen here.
 */
final class SimThreads {
  private final Random random;
  private final List<Ready> ready = new ArrayList<>();
  private final List<Throwable> failures = new ArrayList<>();
  private @Nullable SimProcess last;
  private long steps;

  private record Ready(SimProcess process, Runnable goesOn) {}

  SimThreads(Random random) {
    this.random = random;
  }

  /** The threads of a process, which may all stand still for a while, or for good. */
  final class SimProcess {
    private final Thread.Builder builder = builder(goesOn -> add(this, goesOn));
    private final List<Thread> threads = new ArrayList<>();
    private boolean stopped;
    private boolean killed;

    /** A thread that is not started yet. */
    Thread thread(String name, Runnable work) {
      Thread thread =
          builder
              .name(name)
              .uncaughtExceptionHandler((_, failure) -> failed(failure))
              .unstarted(work);
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

  private void add(SimProcess process, Runnable goesOn) {
    if (!process.killed) {
      ready.add(new Ready(process, goesOn));
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
    next.goesOn().run();
    return true;
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
