package io.fedstep.round;

import io.fedstep.model.RoundPolicy;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a model's rounds go: stages one after the other, each of which ends by its quorum. The first
 * is open to everybody; who has answered when it ends is the roster, and a later stage is for the
 * members who have answered the one before. The messages of exactly one stage are rows.
 */
public interface Protocol {
  /** Its stages in their order. */
  List<Stage> stages();

  /** The quorum of the first stage. */
  default Quorum first(RoundPolicy policy) {
    return Quorum.of(policy);
  }

  /** The quorum of a later stage; what of the policy holds for it is the protocol's to say. */
  Quorum later(int stage, Members members, RoundPolicy policy);

  /**
   * The gradient of a closed round from its rows of words and its documents; null where rows are
   * updates, which the spec's aggregator takes.
   */
  @Nullable WordSums sums(Round round, Basis basis);

  /**
   * The members whose secrets the answers of the last stage do not open. As long as there are any,
   * it does not end with as many answers as its quorum asks for; none where nothing is hidden.
   */
  default List<String> unopened(Round round, Basis basis) {
    return List.of();
  }

  /** What the record of a round has whose sum is not opened; null where nothing is hidden. */
  default @Nullable Masked unopened(Round round) {
    return null;
  }

  /** The stages by name. */
  default Course course() {
    List<Stage> stages = stages();
    int rows = 0;
    while (!(stages.get(rows).payload() instanceof Payload.Row)) {
      rows++;
    }
    return new Course(stages.stream().map(Stage::name).toList(), rows, lastJoins());
  }

  /** Whether a client's last document counts in the first stage while that lasts. */
  default boolean lastJoins() {
    return false;
  }

  /** The row of its stage with rows. */
  default Payload.Row row() {
    return (Payload.Row) stages().get(course().rows()).payload();
  }

  /** The quorum of the stage that is under way. */
  default Quorum quorum(Round round, RoundPolicy policy) {
    return round.stage() == 0 ? first(policy) : later(round.stage(), round.members(), policy);
  }
}
