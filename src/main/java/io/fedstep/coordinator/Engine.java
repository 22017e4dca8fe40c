package io.fedstep.coordinator;

import io.fedstep.model.ModelSpec;
import io.fedstep.privacy.Noise;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.NoiseKey;
import io.fedstep.round.Plain;
import io.fedstep.round.Protocol;
import io.fedstep.store.StorageException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What all models of a server share: threads, limits, the clock and the listener. */
public final class Engine implements AutoCloseable {
  /** Administrators' changes that may wait for one model. */
  public static final int MOST_COMMANDS = 256;

  private static final Logger LOG = LoggerFactory.getLogger("io.fedstep.coordinator");

  private final SecureRandom dice = new SecureRandom();
  private final InstantSource clock;
  private final Listener listener;
  private final Limits limits;
  private final Function<ModelSpec, Protocol> protocols;
  private final RequestPlaces places;
  private final ParkedDecoders parked = new ParkedDecoders();
  private final ExecutorService helpers;
  private final Scheduler scheduler;
  private final ExecutorService longWork;
  private volatile boolean draining;

  /** A new id that nobody guesses: 128 random bits in hex. */
  public String newId() {
    byte[] bits = new byte[16];
    dice.nextBytes(bits);
    return HexFormat.of().formatHex(bits);
  }

  /** Threads and limits of a server. */
  public Engine(InstantSource clock, Listener listener, Limits limits) {
    this(clock, Scheduler.platform(), listener, limits);
  }

  /** The same, with a test's clocks. */
  public Engine(InstantSource clock, Scheduler scheduler, Listener listener, Limits limits) {
    this(clock, scheduler, listener, limits, Plain::of);
  }

  /**
   * The same.
   *
   * @param protocols gives the protocol of a model's rounds
   */
  public Engine(
      InstantSource clock,
      Scheduler scheduler,
      Listener listener,
      Limits limits,
      Function<ModelSpec, Protocol> protocols) {
    this.clock = clock;
    this.scheduler = scheduler;
    this.listener = listener;
    this.limits = limits;
    this.protocols = protocols;
    places = new RequestPlaces(limits);
    helpers = Executors.newFixedThreadPool(limits.threads(), threads("aggregate-"));
    longWork = Executors.newCachedThreadPool(threads("step-"));
    Failure.load();
  }

  private ThreadFactory threads(String prefix) {
    var count = new AtomicInteger();
    return work -> scheduler.thread(prefix + count.getAndIncrement(), work);
  }

  /** The wall clock. */
  public InstantSource clock() {
    return clock;
  }

  /** Who is told of what happened. */
  public Listener listener() {
    return listener;
  }

  /** The protocol of a model's rounds. */
  public Protocol protocol(ModelSpec spec) {
    return protocols.apply(spec);
  }

  /** A new key for the noise of a close. */
  NoiseKey noiseKey() {
    byte[] key = new byte[Noise.KEY_BYTES];
    dice.nextBytes(key);
    return NoiseKey.of(key);
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
  public void runLong(Runnable work) {
    var _ = joined(CompletableFuture.runAsync(work, longWork));
  }

  /** The result of work, once it is there; throws what the work threw. */
  public static <T> T joined(CompletableFuture<T> work) {
    try {
      return work.join();
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
    return scheduler.after(delay, alarm);
  }

  /** A thread for work without an end, not started yet. */
  public Thread thread(String name, Runnable work) {
    return scheduler.thread(name, work);
  }

  /** Has the calling thread wait. */
  public void pause(Duration time) {
    var over = new CompletableFuture<Void>();
    var _ = after(time, () -> over.complete(null));
    over.join();
  }

  /** The monotonic clock by which delays are measured, in nanoseconds. */
  public long nanos() {
    return scheduler.nanos();
  }

  /**
   * Counts a request with a body in, or refuses it.
   *
   * @param client for whom it is, or null where that is nobody in particular
   * @param holder of the place
   */
  public RequestPlaces.UploadPlace takeUpload(@Nullable String client, @Nullable String holder) {
    if (draining) {
      throw shuttingDown().exception();
    }
    return places.takeUpload(client, holder);
  }

  /** What is said to who comes while the server ends. */
  public static Refusal shuttingDown() {
    return Refusal.of(Problem.NOT_READY, "The server is shutting down.").retryAfter(1);
  }

  /** The places of requests that take long, and of uploads that lie there. */
  RequestPlaces places() {
    return places;
  }

  /** The decoders that wait for more of an upload at rest. */
  ParkedDecoders parked() {
    return parked;
  }

  /** Logs a failure and its cause: a disk's or a file's in one line, another with its trace. */
  public void logError(String message, Throwable cause) {
    if (cause instanceof StorageException) {
      LOG.error("{}: {}", message, cause.getMessage());
    } else {
      LOG.error(message, cause);
    }
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
    scheduler.close();
    helpers.shutdown();
    longWork.shutdown();
  }
}
