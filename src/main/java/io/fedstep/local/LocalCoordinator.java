package io.fedstep.local;

import io.fedstep.codec.CopySpec;
import io.fedstep.codec.NewSpec;
import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.DocumentRules;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.NewModels;
import io.fedstep.coordinator.NotFound;
import io.fedstep.coordinator.PausedUploads;
import io.fedstep.coordinator.Scheduler;
import io.fedstep.coordinator.Upload;
import io.fedstep.coordinator.VersionAddress;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Decision;
import io.fedstep.round.Protocol;
import io.fedstep.round.SecureRounds;
import io.fedstep.round.Verdict;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Deleted;
import io.fedstep.store.StorageException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All models of one machine. A model that could not be read at start, or that a failure has
 * stopped, answers everything but its own reading and deletion with the failure.
 */
public final class LocalCoordinator extends Coordinator {
  /** Between two looks at deleted models whose time may be over. */
  private static final Duration EXPIRY = Duration.ofSeconds(30);

  private final DataFolder data;
  private final Engine engine;
  private final LocalModels models;
  private final ModelCopies copies;

  /**
   * Takes up every model of a data folder.
   *
   * @param incarnations gives 8 random hex digits, others each time
   */
  public LocalCoordinator(
      DataFolder data,
      Limits limits,
      InstantSource clock,
      Supplier<String> incarnations,
      Listener listener) {
    this(data, limits, clock, Scheduler.platform(), incarnations, listener);
  }

  /** The same, with a test's clocks. */
  LocalCoordinator(
      DataFolder data,
      Limits limits,
      InstantSource clock,
      Scheduler scheduler,
      Supplier<String> incarnations,
      Listener listener) {
    this(data, limits, clock, scheduler, incarnations, listener, SecureRounds::of);
  }

  /** The same, with a test's protocols. */
  LocalCoordinator(
      DataFolder data,
      Limits limits,
      InstantSource clock,
      Scheduler scheduler,
      Supplier<String> incarnations,
      Listener listener,
      Function<ModelSpec, Protocol> protocols) {
    this.data = data;
    engine = new Engine(clock, scheduler, listener, limits, protocols);
    var newModels = new NewModels(limits, clock, incarnations);
    models = new LocalModels(data, newModels, engine);
    copies = new ModelCopies(data, newModels, models);
    expireLater();
  }

  private void expireLater() {
    var _ =
        engine.after(
            EXPIRY,
            () -> {
              data.expire();
              models.running().forEach(runner -> runner.paused().sweep());
              expireLater();
            });
  }

  @Override
  public Created create(String model, NewSpec asked) {
    return models.create(model, asked);
  }

  @Override
  public Created copy(String model, CopySpec asked, VersionAddress version) {
    return models
        .copied(model, asked)
        .orElseGet(
            () -> copies.make(model, asked, state(asked.model()), version(asked.model(), version)));
  }

  @Override
  public void delete(String model, Expected newest) {
    models.delete(model, newest);
  }

  @Override
  public void undelete(String model) {
    models.undelete(model);
  }

  @Override
  public List<Deleted> deleted() {
    return data.deleted();
  }

  @Override
  public List<String> models() {
    return models.names();
  }

  @Override
  protected @Nullable Refusal unreadable(String model) {
    return models.unreadable(model);
  }

  @Override
  protected ModelState state(String model) {
    return models.runner(model).state();
  }

  @Override
  protected @Nullable ModelState known(String model) {
    ModelRunner runner = models.known(model);
    return runner == null ? null : runner.state();
  }

  @Override
  protected Collection<ModelState> states() {
    return models.running().stream().map(ModelRunner::state).toList();
  }

  @Override
  protected Engine engine() {
    return engine;
  }

  @Override
  public Upload begin(
      String model, long round, String client, @Nullable String base, @Nullable String holder) {
    return models.runner(model).begin(round, client, base, holder);
  }

  @Override
  public PausedUploads paused(String model) {
    ModelRunner runner = models.runner(model);
    runner.state().check();
    if (runner.state().spec().secure() != null) {
      throw notResumable("they are masked").exception();
    }
    return runner.paused();
  }

  @Override
  public long pausedBytes() {
    return models.running().stream().mapToLong(runner -> runner.paused().bytes()).sum();
  }

  @Override
  public Answer answer(String model, long round, String stage, String client, String document) {
    ModelRunner runner = models.runner(model);
    DocumentRules.check(runner.state(), stage, document);
    return switch (runner.answer(round, stage, client, document)) {
      case Verdict.Enters(var answered) -> new Answer(answered, false);
      case Verdict.Repeats(var earlier) -> new Answer(earlier, true);
      case Verdict.Refused(var refusal) -> throw refusal.exception();
      case Verdict.Welcome<Decision.Answered> _ ->
          throw new IllegalStateException("an admission is no answer");
    };
  }

  @Override
  protected void keep(ModelState state, ClientFailure failure) {
    state.failed(failure);
  }

  @Override
  public ModelChanges changes(String model) {
    spec(model);
    return models.runner(model).changes();
  }

  @Override
  public long freeBytes() {
    return data.free();
  }

  @Override
  public long neededBytes() {
    return models.running().stream().mapToLong(ModelRunner::bytesNeeded).sum();
  }

  @Override
  public Refusal failure(@Nullable String model, StorageException failure) {
    if (model == null || failure.passes() || models.unreadable(model) != null) {
      return Failure.refusal(failure);
    }
    ModelRunner runner = models.known(model);
    return runner != null ? runner.failure(failure) : NotFound.model(model);
  }

  /** Ends every model after what it is doing, and gives the folder free. */
  @Override
  public void close() {
    drain();
    models.running().forEach(this::shutDown);
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
