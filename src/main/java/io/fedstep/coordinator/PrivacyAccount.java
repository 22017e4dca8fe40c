package io.fedstep.coordinator;

import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.privacy.Cost;
import org.jspecify.annotations.Nullable;

/**
 * What one client has spent of its privacy, or the one that has spent most.
 *
 * @param cost of its rounds
 * @param rounds how many it has paid for
 * @param roundsLeft how many more it could be in, or null without a budget
 * @param isSpent whether nobody who ever took part can be in one more
 */
public record PrivacyAccount(
    DifferentialPrivacy privacy,
    Cost cost,
    long rounds,
    @Nullable Long roundsLeft,
    boolean isSpent) {
  /** What was spent. */
  public double epsilon() {
    return cost.epsilon();
  }

  @Override
  public String toString() {
    return "epsilon %s at delta %s in %s rounds".formatted(epsilon(), privacy.delta(), rounds);
  }

  /** At what training stops, or null. */
  public @Nullable Double budget() {
    return privacy.epsilon();
  }
}
