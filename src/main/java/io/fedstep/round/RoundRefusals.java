package io.fedstep.round;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import org.jspecify.annotations.Nullable;

/** Why a round does not take a message. */
public final class RoundRefusals {
  private RoundRefusals() {}

  /** The refusal of a client that is not among the members of a round. */
  public static Refusal noMember(long number, String client) {
    return Refusal.of(
        Problem.NOT_INVITED,
        "Client '%s' is no member of round %s, whose members are fixed.".formatted(client, number));
  }

  /** The refusal of what was sent too late for a round which is over. */
  public static Refusal over(long number, long current) {
    return Refusal.of(
            Problem.ROUND_CLOSED,
            "Round %s is over and what was sent is not in it; train for round %s."
                .formatted(number, current))
        .with("current_round", current);
  }

  /** Of a message in a stage that is still to come. */
  static Refusal notYet(long number, String stage, String underWay) {
    return Refusal.of(
            Problem.ROUND_NOT_OPEN,
            "Round %s takes no messages of the stage '%s' yet; '%s' is under way."
                .formatted(number, stage, underWay))
        .with("current_round", number);
  }

  /** Of a client that has not answered a stage which is over. */
  static Refusal missed(long number, String client, String stage) {
    return Refusal.of(
            Problem.ROUND_CLOSED,
            "Round %s is over for client '%s', from whom no message of the stage '%s' is there."
                .formatted(number, client, stage))
        .with("current_round", number + 1);
  }

  /** Of an update that was computed from other weights than the round's. */
  static Refusal baseDiffers(long version, String base, String named) {
    return Refusal.of(
            Problem.BASE_DIFFERS,
            "Round %s trains from the weights tagged '%s', not from '%s'; fetch the weights again."
                .formatted(version, base, named))
        .with("base", base);
  }

  /** Of an update that is another than the one which its client has in the round. */
  static Refusal differs(
      Decision.Accepted earlier,
      @Nullable Double rate,
      UpdateMetadata metadata,
      VectorSummary summary) {
    String was = facts(earlier.summary(), earlier.weight(), rate);
    String is = facts(summary, metadata.weight(), metadata.localRate());
    return Refusal.of(
        Problem.UPDATE_DIFFERS,
        "Client '%s' already has an update in this round with %s; this one has %s."
            .formatted(earlier.client(), was, is));
  }

  private static String facts(VectorSummary summary, double weight, @Nullable Double rate) {
    return "digest %s and weight %s".formatted(summary.digest(), weight)
        + (rate == null ? "" : " and local rate " + rate);
  }
}
