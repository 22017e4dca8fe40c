package io.fedstep.local;

import io.fedstep.codec.VectorSink;
import io.fedstep.coordinator.Admission;
import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelMachine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.PausedUploads;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Protocol;
import io.fedstep.round.Round;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.round.Verdict;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.OpenRound;
import io.fedstep.store.StorageException;
import io.fedstep.store.UpdateMatrix;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one thread of a model, which takes every decision and every step. It gathers the updates that
 * wait, forces the matrix, lets the round decide, forces the journal and answers; whatever makes a
 * version is a command between two such batches. Uploads move their bytes outside, without the
 * lock.
 */
final class ModelRunner {
  private final ModelState state;
  private final Engine engine;
  private final Stepper stepper;
  private final Deadline deadline;
  private final Admission admission;
  private final ModelMachine machine;
  private final UpdateMatrix matrix;
  private final Mailbox mailbox;
  private final Submissions submissions;
  private final PausedUploads paused;
  private volatile @Nullable Refusal deletion;

  ModelRunner(ModelFolder folder, Engine engine) {
    this.engine = engine;
    Instant now = engine.clock().instant();
    Protocol protocol = engine.protocol(folder.spec());
    OpenRound open =
        folder.openRound(
            protocol, newest -> new Round(protocol.course(), newest.version(), newest.base(), now));
    matrix = open.matrix(); // one and the same for all rounds
    state = new ModelState(folder, open.round(), engine);
    mailbox = new Mailbox(state, engine, this::stopsNothing);
    deadline = new Deadline(state, engine, due -> mailbox.add(() -> deadlineCame(due)));
    admission = new Admission(state);
    machine = new ModelMachine(state, folder::reported);
    stepper = new Stepper(machine, state, open, deadline, mailbox::add);
    submissions = new Submissions(state, mailbox, matrix, stepper, this::fail);
    paused = new PausedUploads(state, this::begin);
    stepper.whenOpened(paused::roundOpened);
    state.change(deadline::set);
  }

  /** Starts its thread. */
  void start() {
    Thread.ofVirtual().name("model-" + state.model()).start(this::run);
  }

  ModelState state() {
    return state;
  }

  /**
   * Bytes that the open round still needs on the disk: for {@code min_updates} of its updates, and
   * for the version that it makes. A model that is stopped needs none.
   */
  long bytesNeeded() {
    return state.endedBy() != null || state.stopped()
        ? 0
        : state.folder().bytesOfNext() + matrix.bytesUntil(state.spec().round().minUpdates());
  }

  private void run() {
    try {
      stepper.takeUp();
      while (state.endedBy() == null) {
        mailbox.runNext();
      }
    } catch (Throwable e) { // an Error too: a mapped file that cannot be read throws one
      fail(e);
    }
    refuseTheRest();
  }

  /** Does something on the model's thread and waits for its result. */
  <T> T command(Supplier<T> action) {
    return mailbox.ask(action);
  }

  /** What an administrator may change. */
  ModelChanges changes() {
    return new ModelChanges(state, new LocalChanges(state, machine, stepper, deadline, mailbox));
  }

  // Updates

  /** Lets an update send its numbers, or throws the refusal. */
  Upload begin(long round, String client, @Nullable String base, @Nullable String holder) {
    Decision.Accepted earlier = admission.begin(round, client, base);
    return Upload.begin(state, round, client, holder, earlier, () -> row(round, client));
  }

  private Upload begin(long round, String client, @Nullable String base) {
    Decision.Accepted earlier = admission.begin(round, client, base);
    return Upload.begin(state, round, client, earlier, () -> row(round, client));
  }

  /** A row of the matrix that an upload fills. */
  private Upload.Destination row(long round, String client) {
    int row = matrix.allocate();
    return new Upload.Destination() {
      @Override
      public VectorSink sink() {
        return matrix.row(row);
      }

      @Override
      public Verdict<Decision.Accepted> submit(UpdateMetadata header, VectorSummary content) {
        return submissions.submit(
            new Submission<>(
                true,
                () -> admission.isForOpen(round),
                now -> admission.decide(round, client, row, header, content, now),
                () -> admission.late(round, client, header, content),
                new CompletableFuture<>()));
      }

      @Override
      public Refusal failure(StorageException failure) {
        return ModelRunner.this.failure(failure);
      }

      @Override
      public void end(boolean accepted) {
        if (accepted) {
          matrix.keep();
        } else {
          matrix.release(row);
        }
      }
    };
  }

  /** The uploads that come in several requests. */
  PausedUploads paused() {
    return paused;
  }

  /** Has a document decided, and waits for it. */
  Verdict<Decision.Answered> answer(long round, String stage, String client, String document) {
    return submissions.submit(
        new Submission<>(
            false,
            () -> true,
            now -> admission.decide(round, stage, client, document, now),
            () -> {
              throw new IllegalStateException("a document always has a verdict");
            },
            new CompletableFuture<>()));
  }

  private void deadlineCame(Instant due) {
    try {
      switch (deadline.came(due, stepper::pass)) {
        case NOTHING -> {}
        case ENDS -> stepper.endAtDeadline();
        case PASSES -> {
          stepper.force();
          engine.listener().deadlinePassed(state.model());
        }
      }
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
      engine.logError("model %s: more clients cannot be invited yet".formatted(state.model()), e);
      state.change(deadline::set); // the next may find the disk as it was
    }
  }

  // The end

  /** The refusal for a failed read or write, which stops the model unless it stops nothing. */
  Refusal failure(StorageException failure) {
    return deletion == null && stopsNothing(failure) ? Failure.refusal(failure) : fail(failure);
  }

  /** Whether trying later may help, or only an older version cannot be read. */
  private boolean stopsNothing(StorageException failure) {
    return failure.passes() || failure.isOlderThan(state.folder().newest().info().version());
  }

  /** Stops the model because of a failed read or write, or of a fault. */
  Refusal fail(Throwable cause) {
    Refusal before = deletion != null ? deletion : state.endedBy();
    if (before != null) {
      return before;
    }
    engine.logError("model %s is stopped by a failure".formatted(state.model()), cause);
    Refusal refusal = Failure.refusal(cause);
    end(refusal);
    return refusal;
  }

  /** Ends the model by a deletion; files that miss meanwhile are no failure. */
  void delete(Refusal refusal, Runnable deletes) {
    deletion = refusal;
    try {
      deletes.run();
    } catch (RuntimeException e) {
      deletion = null; // it is there still
      throw e;
    }
    end(refusal);
  }

  /** Ends the model: who waits, and who comes later, is answered with the refusal. */
  void end(Refusal refusal) {
    state.change(deadline::cancel);
    state.end(refusal);
    paused.close();
    mailbox.wake();
  }

  private void refuseTheRest() {
    Refusal refusal = state.endedBy();
    if (refusal != null) {
      submissions.refuse(refusal);
    }
    mailbox.runRest();
  }
}
