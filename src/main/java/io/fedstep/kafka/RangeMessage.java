package io.fedstep.kafka;

import io.fedstep.round.Decision;
import io.fedstep.store.ModelHead;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A message to the ranges of a model. */
sealed interface RangeMessage {
  /** Of the model; there may have been others of its name. */
  String incarnation();

  /** An upload whose update is in the open round. */
  record Admitted(String upload, Decision.Accepted update) {}

  /** The uploads whose numbers are needed, and those whose numbers are not. */
  record Verdicts(String incarnation, OfRound round, List<Admitted> admitted, List<String> refused)
      implements RangeMessage {}

  /** Nothing more enters the round: its ranges are to be computed, by this head. */
  record Close(String incarnation, OfRound round, ModelHead head) implements RangeMessage {}

  /** All ranges have come to an exchange. */
  record Gathered(String incarnation, OfRound round, int step) implements RangeMessage {}

  /** The version of the round is there. */
  record Done(String incarnation, OfRound round) implements RangeMessage {}

  /**
   * Numbers of an update go with this message.
   *
   * @param upload that they are of
   * @param from the version that the update was computed from
   * @param offset of their first byte in the range
   */
  record Numbers(String incarnation, String upload, long from, long offset)
      implements RangeMessage {}

  /** The model is no more. */
  record Deleted(String incarnation) implements RangeMessage {}

  /**
   * The round that a message is of.
   *
   * @param number null in messages of an earlier release
   * @param base null where the sender does not know the round
   */
  record OfRound(@Nullable Long number, @Nullable String base) {}
}
