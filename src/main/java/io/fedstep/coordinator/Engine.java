package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all models of a server share: threads, alarms, limits, the clock and the listener. */
final class Engine implements AutoCloseable {
  /** Administrators' changes that may wait for one model. */
  static final int MOST_COMMANDS = 256;

  private static final Logger LOG = LoggerFactory.getLogger("io.fedstep.coordinator");

  private final InstantSource clock;
  private final Listener listener;
  private final Limits limits;
  private final Semaphore uploads;
  private final ExecutorService helpers;
  private final Alarms alarms;
  private final ExecutorService longWork =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("step-", 0).factory());
  private volatile boolean draining;

  Engine(InstantSource clock, Alarms alarms, Listener listener, Limits limits) {
    this.clock = clock;
    this.alarms = alarms;
    this.listener = listener;
    this.limits = limits;
    uploads = new Semaphore(limits.uploads());
    helpers =
        Executors.newFixedThreadPool(
            limits.threads(), Thread.ofPlatform().daemon().name("aggregate-", 0).factory());
  }

  InstantSource clock() {
    return clock;
  }

  Listener listener() {
    return listener;
  }

  int keepVersions() {
    return limits.keepVersions();
  }

  int keepRounds() {
    return limits.keepRounds();
  }

  ExecutorService helpers() {
    return helpers;
  }

  int threads() {
    return limits.threads();
  }

  /**
   * Runs something on a thread of the operating system's and waits for it. A model's own thread is
   * virtual: long work on it would keep requests from the few threads that carry them all.
   */
  void runLong(Runnable work) {
    try {
      CompletableFuture.runAsync(work, longWork).join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw e;
      }
    }
  }

  /** Runs something short after a delay. */
  Future<?> after(Duration delay, Runnable alarm) {
    return alarms.after(delay, alarm);
  }

  /** Counts an upload in, or refuses it. */
  void takeUpload() {
    if (!uploads.tryAcquire()) {
      throw Refusal.of(
              Problem.TOO_MANY_REQUESTS,
              "%d uploads are under way; try again shortly.".formatted(limits.uploads()))
          .with("retry_after", 1)
          .exception();
    }
  }

  void giveUploadBack() {
    uploads.release();
  }

  void warn(String message, Throwable cause) {
    LOG.error(message, cause);
  }

  boolean draining() {
    return draining;
  }

  void drain() {
    draining = true;
  }

  @Override
  public void close() {
    alarms.close();
    helpers.shutdown();
    longWork.shutdown();
  }
}
