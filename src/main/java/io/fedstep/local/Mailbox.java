package io.fedstep.local;

import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelMachine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.problem.RefusedException;
import io.fedstep.store.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The commands that a model's thread runs, in the order in which they came. */
final class Mailbox {
  private final ModelState state;
  private final Engine engine;
  private final Predicate<StorageException> stopsNothing;
  private final LinkedBlockingQueue<Runnable> commands = new LinkedBlockingQueue<>();

  /**
   * The mailbox of a model.
   *
   * @param stopsNothing whether the model goes on after a failed read or write
   */
  Mailbox(ModelState state, Engine engine, Predicate<StorageException> stopsNothing) {
    this.state = state;
    this.engine = engine;
    this.stopsNothing = stopsNothing;
  }

  /** Adds a command, which is dropped if the model ends before its turn. */
  void add(Runnable command) {
    state.locked(() ->
        commands.add(() -> {
          if (state.endedBy() == null) {
            command.run();
          }
        }));
  }

  /** Adds a command and waits for its result; throws the refusal. */
  <T> T ask(Supplier<T> command) {
    var done = new CompletableFuture<T>();
    boolean queued =
        state.locked(() -> {
          state.check();
          return commands.size() < Engine.MOST_COMMANDS && commands.add(() -> run(command, done));
        });
    if (!queued) {
      throw ModelMachine.busy(state.model(), commands.size()).exception();
    }
    return Engine.joined(done);
  }

  private <T> void run(Supplier<T> command, CompletableFuture<T> done) {
    try {
      state.check();
      done.complete(command.get());
    } catch (RefusedException e) {
      done.completeExceptionally(e);
    } catch (StorageException e) {
      done.completeExceptionally(Failure.refusal(e).exception());
      if (!stopsNothing.test(e)) {
        throw e;
      }
    } catch (Throwable e) {
      done.completeExceptionally(Failure.refusal(e).exception());
      throw e;
    }
  }

  /** Runs the next command, once there is one. */
  void runNext() {
    while (true) {
      try {
        commands.take().run();
        return;
      } catch (InterruptedException e) {
        engine.logError("a model's thread is not interrupted", e);
      }
    }
  }

  /** Wakes the thread, which then sees that the model has ended. */
  void wake() {
    commands.add(() -> {});
  }

  /** Answers all commands that are left, of a model that has ended. */
  void runRest() {
    List<Runnable> rest = new ArrayList<>();
    commands.drainTo(rest);
    rest.forEach(Runnable::run);
  }
}
