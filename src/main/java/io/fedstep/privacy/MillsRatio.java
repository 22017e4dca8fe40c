package io.fedstep.privacy;

/**
 * The upper tail of the normal distribution over its density, {@code R(x) = Φ(-x) / φ(x)}, where
 * the tail itself would vanish; as a logarithm, since it overflows on the other side.
 */
final class MillsRatio {
  /** {@code log √(2π)}. */
  static final double LOG_ROOT_OF_TWO_PI = StrictMath.log(2 * Math.PI) / 2;

  private static final double ROOT_OF_TWO_PI = StrictMath.sqrt(2 * Math.PI);

  /** From here on the continued fraction needs fewer steps than {@link #STEPS} for a double. */
  private static final double FAR = 2;

  private static final int STEPS = 100;

  private MillsRatio() {}

  /** {@code log R(x)}, for any finite x. */
  static double log(double x) {
    if (x >= FAR) {
      return StrictMath.log(farTail(x));
    }
    if (x > -FAR) {
      return StrictMath.log(ROOT_OF_TWO_PI / 2 * StrictMath.exp(x * x / 2) - integral(x));
    }
    return LOG_ROOT_OF_TWO_PI + x * x / 2 + logBelow(-x);
  }

  /** {@code log Φ(x)}. */
  static double logBelow(double x) {
    return x > 0
        ? StrictMath.log1p(-StrictMath.exp(logDensity(x) + log(x)))
        : logDensity(x) + log(-x);
  }

  /** {@code log φ(x)}. */
  static double logDensity(double x) {
    return -x * x / 2 - LOG_ROOT_OF_TWO_PI;
  }

  /** P. Laplace's continued fraction, {@code 1/(x + 1/(x + 2/(x + 3/(x + …))))}. */
  private static double farTail(double x) {
    double below = x;
    for (int k = STEPS; k > 0; k--) {
      below = x + k / below;
    }
    return 1 / below;
  }

  /** {@code (Φ(x) - 1/2) / φ(x)}: x + x³/3 + x⁵/15 + …, all of one sign. */
  private static double integral(double x) {
    double term = x;
    double sum = x;
    for (int k = 3; sum + term != sum; k += 2) {
      term *= x * x / k;
      sum += term;
    }
    return sum;
  }
}
