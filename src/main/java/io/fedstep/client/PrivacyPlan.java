package io.fedstep.client;

import org.jspecify.annotations.Nullable;

/**
 * Private rounds whose cost is asked for, of no model: with a noise multiplier what they cost, with
 * an epsilon the least noise with which it pays for all of them.
 *
 * @param participation the share of the clients that a round invites, in (0, 1]
 */
public record PrivacyPlan(
    long rounds,
    double delta,
    double participation,
    @Nullable Double noiseMultiplier,
    @Nullable Double epsilon) {
  public PrivacyPlan {
    if ((noiseMultiplier == null) == (epsilon == null)) {
      throw new IllegalArgumentException("either a noise multiplier or an epsilon is needed");
    }
  }

  /** Rounds with this noise, to which everybody is invited. */
  public static PrivacyPlan withNoise(double multiplier, long rounds, double delta) {
    return new PrivacyPlan(rounds, delta, 1, multiplier, null);
  }

  /** Rounds for this budget, to which everybody is invited. */
  public static PrivacyPlan withBudget(double epsilon, long rounds, double delta) {
    return new PrivacyPlan(rounds, delta, 1, null, epsilon);
  }

  /** These rounds, of which each invites a share of the clients. */
  public PrivacyPlan inviting(double share) {
    return new PrivacyPlan(rounds, delta, share, noiseMultiplier, epsilon);
  }

  /** The query that asks for it. */
  String query() {
    return "rounds=%s&delta=%s&participation=%s&%s"
        .formatted(
            rounds,
            delta,
            participation,
            epsilon == null ? "noise_multiplier=" + noiseMultiplier : "epsilon=" + epsilon);
  }
}
