package io.fedstep.model;

import org.jspecify.annotations.Nullable;

/**
 * The most that a single update may be, before aggregation: its L2 norm, its weight, or both.
 *
 * @param maxNorm finite and above 0, or null for any norm
 * @param maxWeight in (0, 2^53], or null for any weight
 * @param action what happens to an update with more
 */
public record UpdateBound(@Nullable Double maxNorm, @Nullable Double maxWeight, Action action) {
  private static final double MOST_WEIGHT = 0x1p53;

  /** What happens to an update with too large a norm or weight. */
  public enum Action {
    /**
     * It is scaled down to the largest norm as it is aggregated, and counts as the largest weight.
     */
    CLIP,
    /** It is not let in. */
    REFUSE
  }

  /** Checks the ranges. */
  public UpdateBound {
    if (maxNorm == null && maxWeight == null) {
      throw new IllegalArgumentException("max_norm or max_weight is needed");
    }
    if (maxNorm != null && !(maxNorm > 0 && Double.isFinite(maxNorm))) {
      throw new IllegalArgumentException(
          "max_norm is %s; a finite max_norm > 0 is needed".formatted(maxNorm));
    }
    if (maxWeight != null && !(maxWeight > 0 && maxWeight <= MOST_WEIGHT)) {
      throw new IllegalArgumentException(
          "max_weight is %s; 0 < max_weight <= 2^53 is needed".formatted(maxWeight));
    }
  }

  /** Whether what updates count may be less than their weights. */
  public boolean boundsWeights() {
    return maxWeight != null;
  }

  /** Whether updates may be scaled down as they are aggregated. */
  public boolean scales() {
    return maxNorm != null && action == Action.CLIP;
  }

  /** What the values of an update with that norm are multiplied by. */
  public double factor(double norm) {
    return maxNorm != null && scales() && norm > maxNorm ? maxNorm / norm : 1;
  }

  /** What a weight counts as. */
  public double counted(double weight) {
    return maxWeight != null && action == Action.CLIP ? Math.min(weight, maxWeight) : weight;
  }

  /** Whether an update or a report of that weight is not let in. */
  public boolean refusesWeight(double weight) {
    return maxWeight != null && action == Action.REFUSE && weight > maxWeight;
  }

  /** Whether an update of that norm is not let in. */
  public boolean refusesNorm(double norm) {
    return maxNorm != null && action == Action.REFUSE && norm > maxNorm;
  }
}
