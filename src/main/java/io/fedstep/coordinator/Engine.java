package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all models of a server share: threads, alarms, limits, the clock and the listener. */
public final class Engine implements AutoCloseable {
  /** Administrators' changes that may wait for one model. */
  static final int MOST_COMMANDS = 256;

  private static final Logger LOG = LoggerFactory.getLogger("io.fedstep.coordinator");

  private final InstantSource clock;
  private final Listener listener;
  private final Limits limits;
  private final Semaphore uploads;
  private final Semaphore waits;
  private final ConcurrentHashMap<String, Integer> uploading = new ConcurrentHashMap<>();
  private final ExecutorService helpers;
  private final Alarms alarms;
  private final ExecutorService longWork =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("step-", 0).factory());
  private volatile boolean draining;

  /** Threads and limits of a server. */
  public Engine(InstantSource clock, Listener listener, Limits limits) {
    this(clock, Alarms.monotonic(), listener, limits);
  }

  Engine(InstantSource clock, Alarms alarms, Listener listener, Limits limits) {
    this.clock = clock;
    this.alarms = alarms;
    this.listener = listener;
    this.limits = limits;
    uploads = new Semaphore(limits.uploads());
    waits = new Semaphore(limits.waiting());
    helpers =
        Executors.newFixedThreadPool(
            limits.threads(), Thread.ofPlatform().daemon().name("aggregate-", 0).factory());
  }

  /** The wall clock. */
  public InstantSource clock() {
    return clock;
  }

  /** Who is told of what happened. */
  public Listener listener() {
    return listener;
  }

  /** Versions of a model that are kept. */
  public int keepVersions() {
    return limits.keepVersions();
  }

  /** Records of a model that are kept beyond. */
  public int keepRounds() {
    return limits.keepRounds();
  }

  /** Threads that compute parts of a close. */
  public ExecutorService helpers() {
    return helpers;
  }

  /** How many threads compute a close. */
  public int threads() {
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

  /** Begins long work, for which nobody waits. */
  public void startLong(Runnable work) {
    longWork.execute(work);
  }

  /** Runs something short after a delay. */
  public Future<?> after(Duration delay, Runnable alarm) {
    return alarms.after(delay, alarm);
  }

  /** Counts a client's upload in, or refuses it. */
  void takeUpload(String client) {
    if (draining) {
      throw shuttingDown().exception();
    }
    if (!uploads.tryAcquire()) {
      throw busy(
          "%d uploads are under way (fedstep.limits.uploads); try again shortly."
              .formatted(limits.uploads()));
    }
    if (uploading.merge(client, 1, Integer::sum) > limits.uploadsPerClient()) {
      giveUploadBack(client);
      throw busy(
          "Client '%s' has %d uploads under way (fedstep.limits.uploads-per-client)."
              .formatted(client, limits.uploadsPerClient()));
    }
  }

  void giveUploadBack(String client) {
    uploading.computeIfPresent(client, (_, count) -> count == 1 ? null : count - 1);
    uploads.release();
  }

  private static RefusedException busy(String detail) {
    return Refusal.of(Problem.TOO_MANY_REQUESTS, detail).with("retry_after", 1).exception();
  }

  /** What is said to who comes while the server ends. */
  static Refusal shuttingDown() {
    return Refusal.of(Problem.NOT_READY, "The server is shutting down.").with("retry_after", 1);
  }

  /** Counts a waiting client in, or refuses it. */
  void takeWait() {
    if (!waits.tryAcquire()) {
      throw Refusal.of(
              Problem.NOT_READY,
              "%d clients wait here already (fedstep.limits.waiting).".formatted(limits.waiting()))
          .with("retry_after", 5)
          .exception();
    }
  }

  void giveWaitBack() {
    waits.release();
  }

  /** Has the log say what went wrong. */
  public void warn(String message, Throwable cause) {
    LOG.error(message, cause);
  }

  /** Whether the server is ending. */
  public boolean draining() {
    return draining;
  }

  /** The server is ending. */
  public void drain() {
    draining = true;
  }

  @Override
  public void close() {
    alarms.close();
    helpers.shutdown();
    longWork.shutdown();
  }
}
