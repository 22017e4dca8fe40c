package io.fedstep.round;

/**
 * A weighted mean whose sums neither overflow nor vanish: weights and, where they are large, values
 * are scaled by powers of two, which changes no bit of an ordinary mean. It is told of all numbers
 * first, and then sums them.
 */
final class ScaledMean {
  /** Above this, values are scaled: with so many of so much weight their sum would overflow. */
  private static final double LARGE = 0x1p900;

  private static final double DOWN = 0x1p-128;
  private static final double UP = 0x1p128;

  private double largestWeight;
  private double largestValue;
  private double sum;
  private double total;

  /** Takes note of a number that is to be added. */
  void expect(double weight, double value) {
    largestWeight = Math.max(largestWeight, weight);
    largestValue = Math.max(largestValue, Math.abs(value));
  }

  /** Adds a number that was expected. */
  void add(double weight, double value) {
    double scaled = Math.scalb(weight, -Math.getExponent(largestWeight));
    sum += scaled * (largestValue > LARGE ? value * DOWN : value);
    total += scaled;
  }

  /** The mean, which lies among the values. */
  double value() {
    if (largestValue <= LARGE) {
      return sum / total;
    }
    double most = largestValue * DOWN;
    return Math.clamp(sum / total, -most, most) * UP;
  }
}
