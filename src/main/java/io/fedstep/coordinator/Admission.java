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
    if (round > open.number()) {
      Refusal refusal =
          Refusal.of(
                  Problem.ROUND_NOT_OPEN,
                  "Round %d is not open yet; round %d is.".formatted(round, open.number()))
              .with("current_round", open.number());
      throw whileClosing(refusal).exception();
    }
    Round.Origin origin = state.origin(round);
    if (origin == null) {
      return null;
    }
    Decision.Accepted earlier = state.earlier(client, round);
    if (earlier != null) {
      return compared(round, earlier);
    }
    // into a buffer it goes in any case: once the closed round is over, if that has no room
    if (!(state.isClosing() && state.spec().round().buffering() != null)
        && open.admit(client, origin, base) instanceof Verdict.Refused refused) {
      throw whileClosing(refused.refusal()).exception();
    }
    if (state.stopped()) {
      throw stopped().exception();
    }
    if (!state.folder().head().invites(round, client)) {
      throw Refusal.of(
              Problem.NOT_INVITED,
              "Client '%s' is not invited to round %d; GET rounds/current?client= tells it."
                  .formatted(client, round))
          .exception();
    }
    engine.takeUpload(client);
    int row = matrix.take();
    return Upload.into(runner, round, client, row, matrix.row(row));
  }

  private Upload compared(long round, Decision.Accepted earlier) {
    engine.takeUpload(earlier.client());
    return Upload.comparedWith(runner, round, earlier);
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
    long current = state.status().newest().version();
    Decision.Accepted update = over(client, round, current);
    if (update != null) {
      return compared(round, update);
    }
    Refusal refusal = Round.over(round, current);
    throw (state.record(round) == null ? refusal.with("recorded", false) : refusal).exception();
  }

  /** The update that a client computed from a version, in a round that is over, or null. */
  Decision.@Nullable Accepted over(String client, long from, long current) {
    long last = Math.min(current - 1, from + state.spec().round().maxStaleness());
    for (long round = from; round <= last; round++) {
      RoundRecord record = state.record(round);
      Decision.Accepted update = record == null ? null : record.update(client, from);
      if (update != null) {
        return update;
      }
    }
    return null;
  }

  /** The verdict on an update whose round ended while its numbers came. */
  Verdict late(Submission submission) {
    long round = submission.round();
    ModelStatus status = state.status();
    long current = status.newest().version();
    Decision.Accepted inOpen =
        state.locked(() -> state.open().round().update(submission.client(), round));
    Decision.Accepted earlier = inOpen != null ? inOpen : over(submission.client(), round, current);
    if (earlier != null) {
      return Round.repeat(earlier, submission.header().weight(), submission.content());
    }
    boolean closing = current == round;
    Refusal refusal = Round.over(round, closing ? round + 1 : current);
    return new Verdict.Refused(closing ? refusal.with("retry_after", 1) : refusal);
  }

  /** An upload is over that was compared. */
  void finished(String client) {
    engine.giveUploadBack(client);
  }

  /** An upload is over; its row is free unless its update is in the round. */
  void finished(String client, int row, boolean inMatrix) {
    finished(client);
    if (inMatrix) {
      matrix.keep();
    } else {
      matrix.release(row);
    }
  }
}
