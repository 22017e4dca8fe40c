package io.fedstep.local;

import io.fedstep.codec.CopySpec;
import io.fedstep.codec.NewSpec;
import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.Coordinator.Created;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.NewModels;
import io.fedstep.coordinator.NotFound;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.CopiedFrom;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** The models of a data folder, those that run and those that cannot be read: added and removed. */
final class LocalModels {
  /** After which a model is opened again that had no room to be, or no rights. */
  private static final Duration RETRY = Duration.ofSeconds(5);

  private final DataFolder data;
  private final NewModels newModels;
  private final Engine engine;
  private final Map<String, ModelRunner> running = new ConcurrentSkipListMap<>();
  private final Map<String, Refusal> broken = new ConcurrentSkipListMap<>();

  /** New models that could neither be opened nor removed. */
  private final Set<String> halfMade = new HashSet<>();

  /** Takes up every model of the folder. */
  LocalModels(DataFolder data, NewModels newModels, Engine engine) {
    this.data = data;
    this.newModels = newModels;
    this.engine = engine;
    data.models().forEach(this::open);
  }

  private void open(String model) {
    try {
      run(folder(model));
    } catch (RuntimeException e) {
      engine.logError("model %s cannot be read".formatted(model), e);
      engine.listener().modelAdded(model, null);
      isBroken(model, e);
    }
  }

  private ModelFolder folder(String model) {
    return data.open(model, engine.keepVersions());
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
      ModelFolder folder = folder(model);
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

  /** The names of all models. */
  List<String> names() {
    var names = new TreeSet<>(running.keySet());
    names.addAll(broken.keySet());
    return List.copyOf(names);
  }

  /** Those that can be read. */
  Collection<ModelRunner> running() {
    return running.values();
  }

  /** One of these, or null. */
  @Nullable ModelRunner known(String model) {
    return running.get(model);
  }

  /** One of these; throws if there is no such model, or it cannot be read. */
  ModelRunner runner(String model) {
    ModelRunner runner = running.get(model);
    if (runner != null) {
      return runner;
    }
    throw broken.getOrDefault(model, NotFound.model(model)).exception();
  }

  /** Why a model cannot be read, or null if it can. */
  @Nullable Refusal unreadable(String model) {
    return broken.get(model);
  }

  /** One that runs, if there is one of that name; throws if it cannot be read. */
  private Optional<ModelState> find(String model) {
    Refusal unreadable = broken.get(model);
    if (unreadable != null) {
      throw unreadable.exception();
    }
    return Optional.ofNullable(running.get(model)).map(ModelRunner::state);
  }

  synchronized Created create(String model, NewSpec asked) {
    ModelSpec spec = asked.spec();
    Optional<ModelState> there = find(model);
    if (there.isPresent()) {
      ModelSpec now = there.get().spec();
      if (now.equals(spec)) {
        return new Created(there.get().look(there.get()::status), false);
      }
      throw NewModels.exists(model, now, spec).exception();
    }
    newModels.check(spec, running.size() + broken.size());
    discardHalfMade(model);
    data.create(newModels.head(model, asked));
    return opened(model);
  }

  /** The model that the same request has made before, if one is there. */
  synchronized Optional<Created> copied(String model, CopySpec asked) {
    return find(model)
        .map(state -> {
          CopiedFrom from = state.folder().head().from();
          if (from == null || !from.isOf(asked)) {
            throw NewModels.notCopied(model).exception();
          }
          return new Created(state.look(state::status), false);
        });
  }

  /** Puts the files of a copy in their place, unless the same request was faster. */
  synchronized Created place(ModelHead copy, CopySpec asked) {
    String model = copy.model();
    return copied(model, asked)
        .orElseGet(() -> {
          checkNumber(model);
          data.place(copy);
          return opened(model);
        });
  }

  /** Puts the model of that name back that was deleted last. */
  synchronized void undelete(String model) {
    if (running.containsKey(model) || broken.containsKey(model)) {
      throw Refusal.of(
              Problem.MODEL_EXISTS,
              "There is a model '%s'; delete it before the earlier one is put back."
                  .formatted(model))
          .exception();
    }
    checkNumber(model);
    if (!data.undelete(model)) {
      throw NotFound.deleted(model).exception();
    }
    open(model);
  }

  private void checkNumber(String model) {
    newModels.checkNumber(running.size() + broken.size());
    discardHalfMade(model);
  }

  /** A new model, once it is opened. */
  private Created opened(String model) {
    try {
      return new Created(run(folder(model)).state().status(), true);
    } catch (StorageException e) {
      halfMade.add(model);
      discardHalfMade(model); // so that trying again finds no half of it
      throw e;
    }
  }

  private void discardHalfMade(String model) {
    if (halfMade.contains(model)) {
      data.discard(model);
      halfMade.remove(model);
    }
  }

  synchronized void delete(String model, Expected newest) {
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
    ModelState state = runner.state();
    Runnable removal =
        () -> {
          new ChangeRules(state).checkNewest(newest);
          runner.delete(NotFound.model(model), () -> erase(model, state.folder()));
        };
    if (state.endedBy() != null) {
      removal.run();
    } else {
      runner.command(() -> {
        removal.run();
        return model;
      });
    }
  }
}
