package io.fedstep.local;

import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelState;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRefusals;
import io.fedstep.round.Verdict;
import io.fedstep.store.StorageException;
import io.fedstep.store.UpdateMatrix;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The messages that wait to be decided, in batches: all that have come until the model's thread
 * turns to them are forced together, and nobody is answered before.
 */
final class Submissions {
  private final ModelState state;
  private final Mailbox mailbox;
  private final UpdateMatrix matrix;
  private final Stepper stepper;
  private final Consumer<Throwable> fails;
  private final List<Submission<?>> waiting = new ArrayList<>();

  /**
   * The messages for a model.
   *
   * @param fails told of a failure that stops the model
   */
  Submissions(
      ModelState state,
      Mailbox mailbox,
      UpdateMatrix matrix,
      Stepper stepper,
      Consumer<Throwable> fails) {
    this.state = state;
    this.mailbox = mailbox;
    this.matrix = matrix;
    this.stepper = stepper;
    this.fails = fails;
  }

  /** Hands a message over to be decided, and waits for its verdict. */
  <M extends Decision.Message> Verdict<M> submit(Submission<M> submission) {
    boolean queued =
        state.look(
            () -> {
              if (!submission.isForOpen().getAsBoolean()) {
                return false;
              }
              waiting.add(submission);
              if (waiting.size() == 1) { // one command decides all that have come until it runs
                mailbox.add(this::decide);
              }
              return true;
            },
            waits -> !waits);
    return queued ? Engine.joined(submission.verdict()) : submission.late().get();
  }

  private void decide() {
    List<Submission<?>> batch = drain();
    if (batch.isEmpty()) {
      return;
    }
    try {
      if (batch.stream().anyMatch(Submission::hasRow)) {
        matrix.force();
      }
      List<Decided<?>> decided = new ArrayList<>();
      boolean appended = state.locked(() -> decide(batch, decided));
      if (appended) {
        stepper.force();
      }
      putBack(decided.stream().filter(one -> !one.answer()).toList());
    } catch (Throwable e) {
      fails.accept(e);
      batch.forEach(one -> one.verdict().completeExceptionally(Failure.refusal(e).exception()));
      return;
    }
    stepper.settle();
  }

  /**
   * A message and the verdict on it, or null if it came too late.
   *
   * @param appends whether the journal has more since
   */
  private record Decided<M extends Decision.Message>(
      Submission<M> submission, @Nullable Verdict<M> verdict, boolean appends) {
    /** Answers who waits for the verdict, unless the message is for the next round. */
    boolean answer() {
      if (verdict instanceof Verdict.Welcome<M>) {
        return false;
      }
      submission.verdict().complete(verdict != null ? verdict : submission.late().get());
      return true;
    }
  }

  /** What finds a buffer full goes into the next one. */
  private void putBack(List<? extends Decided<?>> welcome) {
    state.change(() -> {
      if (waiting.isEmpty() && !welcome.isEmpty()) {
        mailbox.add(this::decide);
      }
      waiting.addAll(0, welcome.stream().map(Decided::submission).toList());
    });
  }

  private List<Submission<?>> drain() {
    return state.locked(() -> {
      List<Submission<?>> batch = List.copyOf(waiting);
      waiting.clear();
      return batch;
    });
  }

  private boolean decide(List<Submission<?>> batch, List<Decided<?>> decided) {
    Instant now = state.engine().clock().instant();
    boolean appended = false;
    for (Submission<?> next : batch) {
      Decided<?> one = decide(next, now);
      appended |= one.appends();
      decided.add(one);
    }
    return appended;
  }

  private <M extends Decision.Message> Decided<M> decide(Submission<M> next, Instant now) {
    Verdict<M> verdict = next.decides().apply(now);
    if (!(verdict instanceof Verdict.Enters<M>(var message))) {
      return new Decided<>(next, verdict, false);
    }
    try {
      if (!stepper.enter(message, now)) {
        long number = state.round().number();
        verdict = new Verdict.Refused<>(RoundRefusals.over(number, number + 1));
      }
      return new Decided<>(next, verdict, true);
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
      return new Decided<>(next, new Verdict.Refused<>(Failure.refusal(e)), false); // as before
    }
  }

  /** Refuses all that wait, of a model that has ended. */
  void refuse(Refusal refusal) {
    drain().forEach(one -> one.verdict().complete(new Verdict.Refused<>(refusal)));
  }
}
