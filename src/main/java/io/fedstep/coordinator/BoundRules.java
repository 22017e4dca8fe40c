package io.fedstep.coordinator;

import io.fedstep.model.UpdateBound;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import org.jspecify.annotations.Nullable;

/** The refusals of updates and reports that are beyond a model's bound. */
final class BoundRules {
  private BoundRules() {}

  /** Why an update or a report of that weight is not let in, or null. */
  static @Nullable Refusal ofWeight(@Nullable UpdateBound bound, double weight) {
    if (bound == null || bound.maxWeight() == null || !bound.refusesWeight(weight)) {
      return null;
    }
    return Refusal.of(
            Problem.BAD_WEIGHT,
            "The weight is %s; up to %s is accepted.".formatted(weight, bound.maxWeight()))
        .with("expected", bound.maxWeight())
        .with("actual", weight);
  }

  /** Why an update of that weight and norm is not let in, or null. */
  static @Nullable Refusal of(@Nullable UpdateBound bound, double weight, double norm) {
    if (bound == null || bound.maxNorm() == null || !bound.refusesNorm(norm)) {
      return ofWeight(bound, weight);
    }
    Refusal heavy = ofWeight(bound, weight);
    return heavy != null
        ? heavy
        : Refusal.of(
                Problem.NORM_EXCEEDED,
                "The update has the L2 norm %s; up to %s is accepted."
                    .formatted(norm, bound.maxNorm()))
            .with("expected", bound.maxNorm())
            .with("actual", norm);
  }
}
