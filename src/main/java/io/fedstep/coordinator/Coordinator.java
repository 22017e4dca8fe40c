package io.fedstep.coordinator;

import static java.util.stream.Collectors.joining;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateHeader;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All models of a server, as the outside sees them. A model that could not be read at start, or
 * that a failure has stopped, answers everything but its own reading and deletion with the failure.
 */
public final class Coordinator implements AutoCloseable {
  /** After which a model is opened again that had no room to be. */
  private static final Duration RETRY = Duration.ofSeconds(5);

  /** Draws of 8 hex digits that make a model's secret. */
  private static final int SECRET = 5;

  private final DataFolder data;
  private final Engine engine;
  private final Limits limits;
  private final Supplier<String> incarnations;
  private final Map<String, ModelRunner> running = new ConcurrentSkipListMap<>();
  private final Map<String, Refusal> broken = new ConcurrentSkipListMap<>();

  /**
   * Takes up every model of a data folder.
   *
   * @param incarnations gives 8 random hex digits, others each time
   */
  public Coordinator(
      DataFolder data,
      Limits limits,
      InstantSource clock,
      Supplier<String> incarnations,
      Listener listener) {
    this(data, limits, clock, Alarms.monotonic(), incarnations, listener);
  }

  /** The same, with the alarms of a test's clock. */
  Coordinator(
      DataFolder data,
      Limits limits,
      InstantSource clock,
      Alarms alarms,
      Supplier<String> incarnations,
      Listener listener) {
    this.data = data;
    this.limits = limits;
    this.incarnations = incarnations;
    engine = new Engine(clock, alarms, listener, limits);
    for (String model : data.models()) {
      try {
        run(data.open(model));
      } catch (RuntimeException e) {
        engine.warn("model %s cannot be read".formatted(model), e);
        listener.modelAdded(model, null);
        isBroken(model, e);
      }
    }
  }

  /** Takes note why a model cannot be opened; want of room passes, so that it is tried again. */
  private void isBroken(String model, RuntimeException cause) {
    boolean full = cause instanceof StorageException failure && failure.full();
    Refusal refusal =
        Refusal.of(
            full ? Problem.STORAGE_FULL : Problem.MODEL_FAILED,
            "Model '%s' cannot be read: %s".formatted(model, cause.getMessage()));
    broken.put(model, refusal);
    if (full) {
      var _ = engine.after(RETRY, () -> openAgain(model));
    }
  }

  private synchronized void openAgain(String model) {
    if (!broken.containsKey(model) || engine.draining()) {
      return;
    }
    try {
      ModelFolder folder = data.open(model);
      engine.listener().modelRemoved(model);
      run(folder);
      broken.remove(model);
    } catch (RuntimeException e) {
      isBroken(model, e);
    }
  }

  private ModelRunner run(ModelFolder folder) {
    var runner = new ModelRunner(folder, engine);
    engine.listener().modelAdded(folder.head().model(), runner.state()::status);
    running.put(folder.head().model(), runner);
    runner.start();
    return runner;
  }

  /**
   * What a request to create a model came to.
   *
   * @param created false if it was there with the same spec
   */
  public record Creation(ModelStatus status, boolean created) {}

  /** Creates a model, or finds it with the same spec. */
  public synchronized Creation create(String model, ModelSpec spec) {
    Refusal unreadable = broken.get(model);
    if (unreadable != null) {
      throw unreadable.exception();
    }
    ModelRunner existing = running.get(model);
    if (existing != null) {
      if (existing.state().spec().equals(spec)) {
        return new Creation(durableStatus(existing), false);
      }
      throw Refusal.of(
              Problem.MODEL_EXISTS, "Model '%s' exists with another spec.".formatted(model))
          .exception();
    }
    if (spec.parameters() > limits.maxParameters()) {
      throw Refusal.of(
              Problem.TOO_LARGE,
              "The model has %d parameters; this server takes %d (fedstep.max-parameters)."
                  .formatted(spec.parameters(), limits.maxParameters()))
          .with("expected", limits.maxParameters())
          .with("actual", spec.parameters())
          .exception();
    }
    if (running.size() + broken.size() >= limits.models()) {
      throw Refusal.of(
              Problem.TOO_MANY_REQUESTS,
              "There are %d models (fedstep.limits.models); delete one first."
                  .formatted(limits.models()))
          .with("retry_after", 60)
          .exception();
    }
    String incarnation = incarnations.get();
    String secret = Stream.generate(incarnations).limit(SECRET).collect(joining());
    Instant now = engine.clock().instant();
    var head = new ModelHead(model, incarnation, now, spec, false, -1, secret);
    data.create(head);
    ModelStatus status;
    try {
      status = run(data.open(model)).state().status();
    } catch (StorageException e) {
      data.delete(model, null); // so that trying again finds no half of it
      throw e;
    }
    return new Creation(status, true);
  }

  /** Removes a model and all it stored. */
  public synchronized void delete(String model) {
    if (broken.containsKey(model)) {
      erase(model, null);
      broken.remove(model);
    } else {
      remove(model, runner(model));
      running.remove(model);
    }
  }

  /** Nobody watches the model any more when it ends: a deletion is no failure. */
  private void erase(String model, @Nullable ModelFolder folder) {
    data.delete(model, folder);
    engine.listener().modelRemoved(model);
  }

  private void remove(String model, ModelRunner runner) {
    ModelFolder folder = runner.state().folder();
    if (runner.state().ended() != null) {
      erase(model, folder);
      runner.end(noModel(model));
      return;
    }
    runner.command(() -> {
      erase(model, folder);
      runner.end(noModel(model));
      return model;
    });
  }

  /** The names of all models. */
  public List<String> models() {
    var names = new TreeSet<>(running.keySet());
    names.addAll(broken.keySet());
    return List.copyOf(names);
  }

  /** Why a model could not be read at start, or null. */
  public @Nullable String brokenBy(String model) {
    Refusal refusal = broken.get(model);
    return refusal == null ? null : refusal.detail();
  }

  /** A model as it is, one stopped by a failure too. */
  public ModelStatus status(String model) {
    return runner(model).state().status();
  }

  /** Checks that a model exists and works. */
  public ModelSpec spec(String model) {
    return durableStatus(model).head().spec();
  }

  /** The model as it is, once that is durable. */
  public ModelStatus durableStatus(String model) {
    return durableStatus(runner(model));
  }

  /** Waits until a model is as wanted, training stops, or the time is over. */
  public ModelStatus await(String model, Predicate<ModelStatus> wanted, Duration time) {
    return waiting(model, now -> wanted.test(now) || now.phase() == Phase.STOPPED, time);
  }

  /** Waits until a model is another than it was seen, or the time is over. */
  public ModelStatus awaitChange(String model, ModelStatus seen, Duration time) {
    return waiting(model, now -> !now.equals(seen), time);
  }

  private ModelStatus waiting(String model, Predicate<ModelStatus> wanted, Duration time) {
    ModelState state = runner(model).state();
    if (time.isZero()) {
      return state.await(wanted, time);
    }
    engine.takeWait();
    try {
      return state.await(wanted, time);
    } finally {
      engine.giveWaitBack();
    }
  }

  /** Whether the server is ending, so that nobody waits any more. */
  public boolean draining() {
    return engine.draining();
  }

  private ModelRunner runner(String model) {
    ModelRunner runner = running.get(model);
    if (runner != null) {
      return runner;
    }
    throw broken.getOrDefault(model, noModel(model)).exception();
  }

  private ModelFolder folder(String model) {
    return runner(model).state().folder();
  }

  private static ModelStatus durableStatus(ModelRunner runner) {
    return runner.state().look(runner.state()::status);
  }

  static Refusal noModel(String model) {
    return Refusal.of(Problem.MODEL_NOT_FOUND, "There is no model '%s'.".formatted(model));
  }

  // Versions

  /** The versions kept, newest first. */
  public List<VersionInfo> versions(String model) {
    spec(model);
    return folder(model).versions().stream().map(Version::info).toList();
  }

  /** A version that is kept. */
  public Version version(String model, long number) {
    spec(model);
    Version version = folder(model).version(number);
    if (version == null) {
      throw noVersion(model, number).exception();
    }
    return version;
  }

  static Refusal noVersion(String model, long number) {
    return Refusal.of(
        Problem.VERSION_NOT_FOUND,
        "Model '%s' has no version %d, or keeps it no more.".formatted(model, number));
  }

  /** What clients reported of a version, the last report of each. */
  public Collection<UpdateHeader> reported(String model, long version) {
    return folder(model).reported(version);
  }

  // Rounds

  /** Lets an update send its numbers; to be closed. */
  public Upload begin(String model, long round, String client, @Nullable String base) {
    return runner(model).admission().begin(round, client, base);
  }

  /** The update that a client computed from a round's version, or null. */
  public Decision.@Nullable Accepted update(String model, long round, String client) {
    ModelRunner runner = runner(model);
    ModelState state = runner.state();
    Decision.Accepted open = state.look(() -> state.open().round().update(client, round));
    return open != null
        ? open
        : runner.admission().over(client, round, state.status().newest().version());
  }

  /** The updates that the open round has so far, by client id; null if another round is open. */
  public @Nullable List<Decision.Accepted> open(String model, long round) {
    ModelState state = runner(model).state();
    return state
        .look(() ->
            Optional.of(state.open().round())
                .filter(open -> open.number() == round)
                .map(Round::inClientOrder))
        .orElse(null);
  }

  /** Notes that an update for a model was refused, unless there is no such model. */
  public void refused(String model, long round, String client, Refusal refusal, int status) {
    ModelRunner runner = running.get(model);
    if (runner != null) {
      runner.state().refused(round, client, refusal, status);
    }
  }

  /** The last updates for a model that were refused, newest first. */
  public List<RefusedUpdate> refusals(String model) {
    spec(model);
    return runner(model).state().refusals();
  }

  /** The record of a round that is over, or null. */
  public @Nullable RoundRecord record(String model, long round) {
    spec(model);
    return runner(model).state().record(round);
  }

  /** The records of at most {@code limit} rounds before {@code before}, newest first. */
  public List<RoundRecord> records(String model, long before, int limit) {
    spec(model);
    ModelState state = runner(model).state();
    return state.folder().recorded(before, limit).stream()
        .map(state::record)
        .flatMap(Stream::ofNullable)
        .toList();
  }

  /** What an administrator may do to a model. */
  public ModelChanges changes(String model) {
    spec(model);
    return new ModelChanges(runner(model));
  }

  /** Bytes that may still be written. */
  public long freeBytes() {
    return data.free();
  }

  /** The refusal for a failed read or write: try again later, or the model stops. */
  public Refusal failure(@Nullable String model, StorageException failure) {
    ModelRunner runner = model == null ? null : running.get(model);
    return runner != null ? runner.failure(failure) : ModelRunner.refusal(failure);
  }

  /** Answers who waits, now and from now on; the server is ending. */
  public void drain() {
    engine.drain();
    running.values().forEach(runner -> runner.state().change(() -> {}));
  }

  /** Ends every model after what it is doing, and gives the folder free. */
  @Override
  public void close() {
    drain();
    running.values().forEach(this::shutDown);
    engine.close();
    data.close();
  }

  private void shutDown(ModelRunner runner) {
    try {
      runner.command(() -> {
        runner.end(Engine.shuttingDown());
        return runner;
      });
    } catch (RefusedException e) {
      // a failure has ended it before
    }
    runner.state().folder().close();
  }
}
