package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Content;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateHeader;
import io.fedstep.round.Verdict;
import io.fedstep.store.UpdateMatrix;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Who may send an update, and what is said to one whose round is over. */
final class Admission {
  private final ModelState state;
  private final ModelRunner runner;
  private final Engine engine;
  private final UpdateMatrix matrix;

  Admission(ModelState state, ModelRunner runner, Engine engine) {
    this.state = state;
    this.runner = runner;
    this.engine = engine;
    matrix = state.open().matrix(); // one and the same for all rounds
  }

  /** An update whose numbers are in their row. */
  record Submission(
      long round,
      String client,
      int row,
      UpdateHeader header,
      Content content,
      CompletableFuture<Verdict> verdict) {}

  /** Lets an update send its numbers, or throws the refusal. */
  Upload begin(long round, String client, @Nullable String base) {
    Upload upload =
        state.look(
            () -> beginOpen(round, client, base), begun -> begun == null || begun.compares());
    return upload != null ? upload : beginOver(round, client);
  }

  private @Nullable Upload beginOpen(long round, String client, @Nullable String base) {
    Round open = state.open().round();
    if (round < open.number()) {
      return null;
    }
    if (round > open.number()) {
      Refusal refusal =
          Refusal.of(
                  Problem.ROUND_NOT_OPEN,
                  "Round %d is not open yet; round %d is.".formatted(round, open.number()))
              .with("current_round", open.number());
      throw whileClosing(refusal).exception();
    }
    return switch (open.admit(client, base)) {
      case Verdict.Repeats repeats -> Upload.comparedWith(runner, round, repeats.earlier());
      case Verdict.Refused refused -> throw whileClosing(refused.refusal()).exception();
      case Verdict.Welcome _ -> {
        if (state.stopped()) {
          throw stopped().exception();
        }
        engine.takeUpload();
        int row = matrix.take();
        yield Upload.into(runner, round, client, row, matrix.row(row));
      }
      case Verdict.Enters _ -> throw new IllegalStateException("an admission decides nothing");
    };
  }

  /** The refusal of an update that is not in the open round of a stopped model. */
  Refusal stopped() {
    return Refusal.of(
        Problem.TRAINING_STOPPED,
        "Training of model '%s' is stopped; its weights can be read.".formatted(state.model()));
  }

  private Refusal whileClosing(Refusal refusal) {
    return state.isClosing() ? refusal.with("retry_after", 1) : refusal;
  }

  private Upload beginOver(long round, String client) {
    RoundRecord over = state.record(round);
    long current = state.status().newest().version();
    if (over == null) {
      throw Round.over(round, current).with("recorded", false).exception();
    }
    Decision.Accepted update = over.update(client);
    if (update == null) {
      throw Round.over(round, current).exception();
    }
    return Upload.comparedWith(runner, round, update);
  }

  /** The verdict on an update whose round ended while its numbers came. */
  Verdict late(Submission submission) {
    long round = submission.round();
    RoundRecord over = state.record(round);
    ModelStatus status = state.status();
    boolean closing = status.newest().version() == round;
    Decision.Accepted earlier =
        closing
            ? state.locked(() -> state.open().round().update(submission.client()))
            : over == null ? null : over.update(submission.client());
    if (earlier != null) {
      return Round.repeat(earlier, submission.header().weight(), submission.content());
    }
    Refusal refusal = Round.over(round, closing ? round + 1 : status.newest().version());
    return new Verdict.Refused(closing ? refusal.with("retry_after", 1) : refusal);
  }

  /** An upload is over; its row is free unless its update is in the round. */
  void finished(int row, boolean inMatrix) {
    engine.giveUploadBack();
    if (inMatrix) {
      matrix.keep();
    } else {
      matrix.release(row);
    }
  }
}
