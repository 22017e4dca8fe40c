package io.fedstep.local;

import io.fedstep.codec.CopySpec;
import io.fedstep.codec.NewSpec;
import io.fedstep.coordinator.ChangeRules;
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
import io.fedstep.privacy.Ledger;
import io.fedstep.privacy.Standing;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Decision;
import io.fedstep.round.Protocol;
import io.fedstep.round.SecureRounds;
import io.fedstep.round.Verdict;
import io.fedstep.store.CopiedFrom;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Deleted;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All models of one machine. A model that could not be read at start, or that a failure has
 * stopped, answers everything but its own reading and deletion with the failure.
 */
public final class LocalCoordinator extends Coordinator {
  /** After which a model is opened again that had no room to be, or no rights. */
  private static final Duration RETRY = Duration.ofSeconds(5);

  /** Between two looks at deleted models whose time may be over. */
  private static final Duration EXPIRY = Duration.ofSeconds(30);

  private final DataFolder data;
  private final Engine engine;
  private final Limits limits;
  private final NewModels newModels;
  private final Map<String, ModelRunner> running = new ConcurrentSkipListMap<>();
  private final Map<String, Refusal> broken = new ConcurrentSkipListMap<>();

  /** New models that could neither be opened nor removed. */
  private final Set<String> halfMade = new HashSet<>();

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
    this.limits = limits;
    newModels = new NewModels(limits, clock, incarnations);
    engine = new Engine(clock, scheduler, listener, limits, protocols);
    data.models().forEach(this::open);
    expireLater();
  }

  private void open(String model) {
    try {
      run(data.open(model, limits.keepVersions()));
    } catch (RuntimeException e) {
      engine.logError("model %s cannot be read".formatted(model), e);
      engine.listener().modelAdded(model, null);
      isBroken(model, e);
    }
  }

  private void expireLater() {
    var _ =
        engine.after(
            EXPIRY,
            () -> {
              data.expire();
              running.values().forEach(runner -> runner.paused().sweep());
              expireLater();
            });
  }

  /** Takes note why a model cannot be opened; what may pass is tried again. */
  private void isBroken(String model, RuntimeException cause) {
    broken.put(model, Failure.refusal("Model '%s' cannot be read: ".formatted(model), cause));
    if (cause instanceof StorageException failure && failure.passes()) {
      var _ = engine.after(RETRY, () -> openAgain(model));
    }
  }

  private synchronized void openAgain(String model) {
    if (!broken.containsKey(model) || engine.draining()) {
      return;
    }
    try {
      ModelFolder folder = data.open(model, limits.keepVersions());
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

  @Override
  public synchronized Created create(String model, NewSpec asked) {
    ModelSpec spec = asked.spec();
    Refusal unreadable = broken.get(model);
    if (unreadable != null) {
      throw unreadable.exception();
    }
    ModelRunner existing = running.get(model);
    if (existing != null) {
      ModelSpec now = existing.state().spec();
      if (now.equals(spec)) {
        return new Created(existing.state().look(existing.state()::status), false);
      }
      throw NewModels.exists(model, now, spec).exception();
    }
    newModels.check(spec, running.size() + broken.size());
    discardHalfMade(model);
    ModelHead head = newModels.head(model, asked);
    data.create(head);
    return opened(model);
  }

  /** A new model, once it is opened. */
  private Created opened(String model) {
    try {
      ModelRunner runner = run(data.open(model, limits.keepVersions()));
      return new Created(runner.state().status(), true);
    } catch (StorageException e) {
      halfMade.add(model);
      discardHalfMade(model); // so that trying again finds no half of it
      throw e;
    }
  }

  @Override
  public Created copy(String model, CopySpec asked, VersionAddress version) {
    Optional<Created> made = findCopy(model, asked);
    if (made.isPresent()) {
      return made.get();
    }
    Version from = version(asked.model(), version);
    ModelState source = state(asked.model());
    ModelHead before = source.folder().head();
    NewSpec spec = asked.on(before.spec(), before.metadata());
    newModels.check(spec.spec(), models().size());
    VersionInfo info = from.info();
    ModelHead head =
        newModels
            .head(model, spec)
            .with(new CopiedFrom(asked.model(), info.version(), info.base(), asked.request()));
    try {
      data.copy(head, from, carried(spec.spec(), source, from));
      return place(head, asked);
    } catch (StorageException e) { // of the version: its own model finds that by itself
      throw Failure.refusal(e).exception();
    } finally {
      data.drop(head);
    }
  }

  /** What was paid for by the newest version, for what was published cannot be taken back. */
  private static @Nullable Standing carried(ModelSpec spec, ModelState source, Version from) {
    if (!spec.isPrivate()) {
      return null;
    }
    return source.spec().isPrivate()
        ? new Standing(source.folder().newest().standing().ledger(), from.standing().clip())
        : new Standing(Ledger.begin(spec.isSampled()), null);
  }

  /** The model that the same request has made before, if one is there. */
  private synchronized Optional<Created> findCopy(String model, CopySpec asked) {
    Refusal unreadable = broken.get(model);
    if (unreadable != null) {
      throw unreadable.exception();
    }
    ModelRunner existing = running.get(model);
    if (existing == null) {
      return Optional.empty();
    }
    ModelState state = existing.state();
    CopiedFrom from = state.folder().head().from();
    if (from == null || !from.isOf(asked)) {
      throw NewModels.notCopied(model).exception();
    }
    return Optional.of(new Created(state.look(state::status), false));
  }

  private synchronized Created place(ModelHead head, CopySpec asked) {
    Optional<Created> made = findCopy(head.model(), asked); // meanwhile
    if (made.isPresent()) {
      return made.get();
    }
    newModels.checkNumber(running.size() + broken.size());
    discardHalfMade(head.model());
    data.place(head);
    return opened(head.model());
  }

  private void discardHalfMade(String model) {
    if (halfMade.contains(model)) {
      data.discard(model);
      halfMade.remove(model);
    }
  }

  @Override
  public synchronized void undelete(String model) {
    if (running.containsKey(model) || broken.containsKey(model)) {
      throw Refusal.of(
              Problem.MODEL_EXISTS,
              "There is a model '%s'; delete it before the earlier one is put back."
                  .formatted(model))
          .exception();
    }
    newModels.checkNumber(running.size() + broken.size());
    discardHalfMade(model);
    if (!data.undelete(model)) {
      throw NotFound.deleted(model).exception();
    }
    open(model);
  }

  @Override
  public List<Deleted> deleted() {
    return data.deleted();
  }

  @Override
  public synchronized void delete(String model, Expected newest) {
    if (broken.containsKey(model)) {
      erase(model, null);
      broken.remove(model);
    } else {
      remove(model, runner(model), newest);
      running.remove(model);
    }
  }

  /** Nobody watches the model any more when it ends: a deletion is no failure. */
  private void erase(String model, @Nullable ModelFolder folder) {
    data.delete(model, folder);
    engine.listener().modelRemoved(model);
  }

  private void remove(String model, ModelRunner runner, Expected newest) {
    ModelFolder folder = runner.state().folder();
    var rules = new ChangeRules(runner.state());
    if (runner.state().ended() != null) {
      rules.checkNewest(newest);
      runner.delete(NotFound.model(model), () -> erase(model, folder));
      return;
    }
    runner.command(() -> {
      rules.checkNewest(newest);
      runner.delete(NotFound.model(model), () -> erase(model, folder));
      return model;
    });
  }

  @Override
  public List<String> models() {
    var names = new TreeSet<>(running.keySet());
    names.addAll(broken.keySet());
    return List.copyOf(names);
  }

  @Override
  protected @Nullable Refusal unreadable(String model) {
    return broken.get(model);
  }

  private ModelRunner runner(String model) {
    ModelRunner runner = running.get(model);
    if (runner != null) {
      return runner;
    }
    throw broken.getOrDefault(model, NotFound.model(model)).exception();
  }

  @Override
  protected ModelState state(String model) {
    return runner(model).state();
  }

  @Override
  protected @Nullable ModelState known(String model) {
    ModelRunner runner = running.get(model);
    return runner == null ? null : runner.state();
  }

  @Override
  protected Collection<ModelState> states() {
    return running.values().stream().map(ModelRunner::state).toList();
  }

  @Override
  protected Engine engine() {
    return engine;
  }

  @Override
  public Upload begin(
      String model, long round, String client, @Nullable String base, @Nullable String holder) {
    return runner(model).begin(round, client, base, holder);
  }

  @Override
  public PausedUploads paused(String model) {
    ModelRunner runner = runner(model);
    runner.state().check();
    if (runner.state().spec().secure() != null) {
      throw notResumable("they are masked").exception();
    }
    return runner.paused();
  }

  @Override
  public long pausedBytes() {
    return running.values().stream().mapToLong(runner -> runner.paused().bytes()).sum();
  }

  @Override
  public Answer answer(String model, long round, String stage, String client, String document) {
    ModelRunner runner = runner(model);
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
    return runner(model).changes();
  }

  @Override
  public long freeBytes() {
    return data.free();
  }

  @Override
  public long neededBytes() {
    return running.values().stream().mapToLong(ModelRunner::bytesNeeded).sum();
  }

  @Override
  public Refusal failure(@Nullable String model, StorageException failure) {
    if (model == null || failure.passes() || broken.containsKey(model)) {
      return Failure.refusal(failure);
    }
    ModelRunner runner = running.get(model);
    return runner != null ? runner.failure(failure) : NotFound.model(model);
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
