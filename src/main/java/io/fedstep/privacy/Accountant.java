package io.fedstep.privacy;

import org.jspecify.annotations.Nullable;

/**
 * What rounds cost one client that is in all of them, as it is shown and compared with a budget: a
 * little more than Gaussian noise, for that of the close is a discrete one.
 */
public final class Accountant {
  /** The share of δ, and the part of ε, that pay for the noise's being discrete. */
  private static final double DISCRETE = 1e-6;

  /** The most rounds that a budget is said to pay for. */
  public static final long MOST_ROUNDS = 1_000_000_000;

  private final double multiplier;
  private final double delta;
  private final @Nullable RenyiCosts sampled;

  /**
   * An accountant of like rounds.
   *
   * @param multiplier the noise's standard deviation, in units of the largest change by one client
   * @param share of clients that each round draws by chance, in (0, 1]; 1 if everybody is in
   */
  public Accountant(double multiplier, double share, double delta) {
    this.multiplier = multiplier;
    this.delta = (1 - DISCRETE) * delta;
    sampled = share < 1 ? RenyiCosts.ofRound(multiplier, share) : null;
  }

  /** The cost of so many rounds. */
  public Cost cost(long rounds) {
    if (rounds == 0) {
      return Cost.NOTHING;
    }
    double mu = StrictMath.sqrt((double) rounds) / multiplier;
    Cost exact = new Cost(GaussianCurve.epsilon(mu, delta), null);
    Cost renyi = sampled == null ? exact : sampled.of(rounds, delta);
    Cost less = exact.epsilon() < renyi.epsilon() ? exact : renyi;
    return new Cost(less.epsilon() + DISCRETE, less.order());
  }

  /** The most rounds that a budget pays for, at most {@link #MOST_ROUNDS}. */
  public long rounds(double budget) {
    return Search.last(0, MOST_ROUNDS, rounds -> cost(rounds).epsilon() <= budget);
  }
}
