package io.fedstep.coordinator;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.OpenRound;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model as it is now, under its lock: one thread changes it, all look at it. Nobody is answered
 * because of a decision before the force that covers it.
 */
final class ModelState {
  private final ModelFolder folder;
  private final Engine engine;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private OpenRound open;
  private boolean closing;
  private @Nullable Instant deadline;
  private @Nullable RoundRecord lastRecord;
  private @Nullable Refusal ended;
  private long decided;
  private long durable;

  /** The state of a model's folder; takes up the open round where it was left. */
  ModelState(ModelFolder folder, Engine engine) {
    this.folder = folder;
    this.engine = engine;
    Instant now = engine.clock().instant();
    open = folder.openRound(newest -> new Round(newest.version(), newest.base(), now));
  }

  /** Runs something short under the lock. */
  <T> T locked(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  /** Changes something under the lock, and wakes who waits for a change. */
  void change(Runnable action) {
    lock.lock();
    try {
      action.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Looks at the model; returns once what was seen is durable, throws if the model has ended. */
  <T> T look(Supplier<T> look) {
    return look(look, _ -> true);
  }

  /** The same, which waits only for a refusal and for what {@code answers} somebody. */
  <T> T look(Supplier<T> look, Predicate<T> answers) {
    lock.lock();
    try {
      check();
      T seen;
      try {
        seen = look.get();
      } catch (RefusedException e) {
        awaitDurable();
        throw e;
      }
      if (answers.test(seen)) {
        awaitDurable();
      }
      return seen;
    } finally {
      lock.unlock();
    }
  }

  private void awaitDurable() {
    long seen = decided;
    while (durable < seen && ended == null) {
      changed.awaitUninterruptibly();
    }
    check();
  }

  /** Waits until the status is as wanted, training stops, or the time is over. */
  ModelStatus await(Predicate<ModelStatus> wanted, Duration time) {
    long rest = time.toNanos();
    lock.lock();
    try {
      ModelStatus status = look(this::status);
      while (!wanted.test(status)
          && status.phase() != Phase.STOPPED
          && rest > 0
          && !engine.draining()) {
        try {
          rest = changed.awaitNanos(rest);
        } catch (InterruptedException e) {
          throw new IllegalStateException("waits are not interrupted", e);
        }
        status = look(this::status);
      }
      return status;
    } finally {
      lock.unlock();
    }
  }

  /** The model as it is, one that has ended too. */
  ModelStatus status() {
    return locked(() ->
        new ModelStatus(
            folder.head(),
            folder.newest().info(),
            phase(),
            open.round().updates(),
            open.round().openedAt(),
            deadline));
  }

  private Phase phase() {
    if (ended != null) {
      return Phase.FAILED;
    }
    return closing ? Phase.CLOSING : stopped() ? Phase.STOPPED : Phase.COLLECTING;
  }

  /** Whether training rests. */
  boolean stopped() {
    return folder.head().stoppedAt(folder.newest().info().version());
  }

  /** Whether the open round has as many updates as it takes. */
  boolean full() {
    return open.round().updates() >= spec().round().maxUpdates();
  }

  /** Throws if the model has ended. */
  void check() {
    if (ended != null) {
      throw ended.exception();
    }
  }

  /** Refuses a change while a closed round waits for room on the disk. */
  void checkNotClosing() {
    if (closing) {
      throw Refusal.of(
              Problem.STORAGE_FULL,
              "Round %d is closed and waits for room on the disk for its version."
                  .formatted(open.round().number()))
          .exception();
    }
  }

  /** Why the model has ended, or null. */
  @Nullable Refusal ended() {
    return locked(() -> ended);
  }

  /** Ends the model; the first reason stays, unless it is removed. */
  void end(Refusal refusal) {
    change(() -> {
      if (ended == null || refusal.problem() == Problem.MODEL_NOT_FOUND) {
        ended = refusal;
      }
    });
  }

  /** A decision was appended to the journal; the lock is held. */
  void decided() {
    decided++;
  }

  /** The round is closed; the lock is held. */
  void closing() {
    closing = true;
  }

  /** Forces the journal, and lets everybody go who waits for that. */
  void force() {
    open.journal().force();
    change(() -> durable = decided);
  }

  /** A new version and the round that trains from it, seen at the same moment. */
  void advance(ModelFolder.Advance advance, @Nullable RoundRecord over) {
    folder.publish(advance.version());
    open = advance.open();
    closing = false;
    lastRecord = over;
  }

  void deadline(@Nullable Instant next) {
    deadline = next;
  }

  @Nullable Instant deadline() {
    return deadline;
  }

  OpenRound open() {
    return open;
  }

  boolean isClosing() {
    return closing;
  }

  ModelFolder folder() {
    return folder;
  }

  ModelSpec spec() {
    return folder.spec();
  }

  String model() {
    return folder.head().model();
  }

  /** The record of a round that is over, or null. */
  @Nullable RoundRecord record(long round) {
    RoundRecord last = locked(() -> lastRecord);
    return last != null && last.round() == round ? last : folder.record(round);
  }
}
