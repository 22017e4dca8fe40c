package io.fedstep.privacy;

import java.util.OptionalDouble;

/** The least noise with which a budget pays for all rounds of a plan. */
public final class Calibration {
  /** The least multiplier that is allowed. */
  public static final double LEAST = 0.1;

  /** In hundredths; with more noise than this the grid has no step left for one value. */
  private static final long MOST = 100L << 24;

  private static final long LEAST_HUNDREDTHS = 10;

  private Calibration() {}

  /** The smallest multiplier with two decimals; none where even the largest costs more. */
  public static OptionalDouble multiplier(double budget, long rounds, double share, double delta) {
    long tooFew =
        Search.last(
            LEAST_HUNDREDTHS - 1,
            MOST,
            hundredths ->
                new Accountant(hundredths / 100.0, share, delta).cost(rounds).epsilon() > budget);
    return tooFew == MOST ? OptionalDouble.empty() : OptionalDouble.of((tooFew + 1) / 100.0);
  }
}
