package io.fedstep.coordinator;

import io.fedstep.codec.VectorSink;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.UpdateBound;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Content;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.UpdateHeader;
import io.fedstep.round.Verdict;
import io.fedstep.store.StorageException;
import org.jspecify.annotations.Nullable;

/**
 * An update on its way in: the numbers go to {@link #sink()}, then {@link #submit} has it accepted
 * or compared. Closed in any case.
 */
public final class Upload implements AutoCloseable {
  /**
   * The answer to an update that is in.
   *
   * @param update as it was accepted
   * @param repeated whether that was at an earlier request
   */
  public record Answer(Decision.Accepted update, boolean repeated) {}

  private final ModelRunner runner;
  private final long round;
  private final String client;
  private final Decision.@Nullable Accepted earlier;
  private final int row;
  private final VectorSink sink;
  private boolean inMatrix;

  private Upload(
      ModelRunner runner,
      long round,
      String client,
      Decision.@Nullable Accepted earlier,
      int row,
      VectorSink sink) {
    this.runner = runner;
    this.round = round;
    this.client = client;
    this.earlier = earlier;
    this.row = row;
    this.sink = sink;
  }

  /** An upload into a row of the update matrix. */
  static Upload into(ModelRunner runner, long round, String client, int row, VectorSink sink) {
    return new Upload(runner, round, client, null, row, sink);
  }

  /** An upload whose numbers are only compared with what the client has in the round. */
  static Upload comparedWith(ModelRunner runner, long round, Decision.Accepted earlier) {
    return new Upload(
        runner,
        round,
        earlier.client(),
        earlier,
        -1,
        (offset, bytes) -> bytes.position(bytes.limit()));
  }

  /** Whether its numbers are compared with an update that is in, which answers it. */
  boolean compares() {
    return earlier != null;
  }

  /** The model's spec. */
  public ModelSpec spec() {
    return runner.state().spec();
  }

  /** Where the numbers go. */
  public VectorSink sink() {
    return (offset, bytes) -> {
      try {
        sink.write(offset, bytes);
      } catch (StorageException e) { // of this model, whatever has its name by now
        throw runner.failure(e).exception();
      }
    };
  }

  /** Asks for the update to be accepted; returns once that is durable, or throws the refusal. */
  public Answer submit(UpdateHeader header, Content content) {
    if (earlier == null) {
      checkNorm(content.norm());
    }
    Verdict verdict =
        earlier == null
            ? runner.submit(round, client, row, header, content)
            : Round.repeat(earlier, header.weight(), content);
    return switch (verdict) {
      case Verdict.Enters enters -> {
        inMatrix = true;
        yield new Answer(enters.decision(), false);
      }
      case Verdict.Repeats repeats -> new Answer(repeats.earlier(), true);
      case Verdict.Refused refused -> throw refused.refusal().exception();
      case Verdict.Welcome _ -> throw new IllegalStateException("an admission is no answer");
    };
  }

  private void checkNorm(double norm) {
    UpdateBound bound = spec().updateBound();
    if (bound != null && bound.refuses(norm)) {
      throw Refusal.of(
              Problem.NORM_EXCEEDED,
              "The update has the L2 norm %s; up to %s is accepted."
                  .formatted(norm, bound.maxNorm()))
          .with("expected", bound.maxNorm())
          .with("actual", norm)
          .exception();
    }
  }

  @Override
  public void close() {
    if (earlier == null) {
      runner.admission().finished(client, row, inMatrix);
    } else {
      runner.admission().finished(client);
    }
  }
}
