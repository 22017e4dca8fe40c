package io.fedstep.model;

/**
 * The largest L2 norm that a single update may have, before aggregation.
 *
 * @param maxNorm finite and above 0
 * @param action what happens to an update with a larger one
 */
public record UpdateBound(double maxNorm, Action action) {
  /** What happens to an update with too large a norm. */
  public enum Action {
    /** It is scaled down to the largest norm as it is aggregated. */
    CLIP,
    /** It is not let in. */
    REFUSE
  }

  /** Checks the range. */
  public UpdateBound {
    if (!(maxNorm > 0 && Double.isFinite(maxNorm))) {
      throw new IllegalArgumentException(
          "max_norm is %s; a finite max_norm > 0 is needed".formatted(maxNorm));
    }
  }

  /** Whether an update with that norm is not let in. */
  public boolean refuses(double norm) {
    return action == Action.REFUSE && norm > maxNorm;
  }

  /** What the values of an update with that norm are multiplied by. */
  public double factor(double norm) {
    return norm > maxNorm ? maxNorm / norm : 1;
  }
}
