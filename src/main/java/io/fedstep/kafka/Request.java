package io.fedstep.kafka;

import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.Command;
import io.fedstep.coordinator.Expected;
import io.fedstep.problem.Refusal;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.ModelHead;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A message to a model's leader, which {@code replyTo} waits for the answer to, if anybody does.
 *
 * @param replyTo the request of a gateway, or null
 */
record Request(Content content, @Nullable ReplyTo replyTo) {
  /** What a leader is told or asked. */
  sealed interface Content {}

  /** A model is to be created. */
  record Create(ModelHead head, Placement placement) implements Content {}

  /** The model is to be deleted, if its newest version is the expected one. */
  record Delete(Expected newest) implements Content {}

  /** Content for the model of one incarnation, and for no other that has its name. */
  sealed interface OfModel extends Content {
    String incarnation();
  }

  /**
   * An update whose numbers are in the chunks.
   *
   * @param upload its name there
   * @param from the version that it was computed from
   */
  record Update(
      String incarnation,
      String upload,
      long from,
      String client,
      UpdateMetadata header,
      VectorSummary content,
      Placement placement)
      implements OfModel {
    /** Has the ranges let the numbers go. */
    RangeMessage refused() {
      return new RangeMessage.Verdicts(
          incarnation, new RangeMessage.OfRound(null, null), List.of(), List.of(upload));
    }
  }

  /** A command of an administrator or a client. */
  record Change(String incarnation, Command command) implements OfModel {}

  /** A client tells that it will send no update. */
  record Failed(String incarnation, ClientFailure failure) implements OfModel {}

  /**
   * A range has come so far in the close of a round.
   *
   * @param base of the round
   * @param step the last exchange that it has come to
   * @param done whether its result is there
   * @param failed why it cannot go on, or null
   */
  record Progress(
      String incarnation, String base, int index, int step, boolean done, @Nullable Refusal failed)
      implements OfModel {}
}
