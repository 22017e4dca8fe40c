package io.fedstep.aggregate;

import java.util.Arrays;

/** The weights of a round, scaled by a power of two so that no sum of products overflows. */
final class RoundWeights {
  private final double[] scaled;
  private final double total;
  private final double totalRest;
  private final boolean totalIsExact;
  private final boolean moderate;
  private final double unit;
  private final boolean equal;

  /** Weights that are finite and above 0. */
  RoundWeights(double[] given) {
    scaled = given.clone();
    equal = Arrays.stream(given).allMatch(weight -> weight == given[0]);
    double largest = Arrays.stream(given).max().orElse(1);
    int scale = -32 - Math.getExponent(largest); // below 2^-31 each
    double sum = 0;
    double rest = 0;
    boolean wholly = true;
    boolean allShort = true;
    double smallest = Double.POSITIVE_INFINITY;
    double lowestBit = Double.POSITIVE_INFINITY;
    for (int i = 0; i < scaled.length; i++) {
      double weight = Math.scalb(given[i], scale);
      scaled[i] = weight;
      double next = sum + weight;
      double lost = (sum - (next - (next - sum))) + (weight - (next - sum));
      wholly &= lost == 0;
      rest += lost;
      sum = next;
      double bit = lowestBit(weight);
      allShort &= weight < 0x1p29 * bit;
      smallest = Math.min(smallest, weight);
      lowestBit = Math.min(lowestBit, bit);
    }
    total = sum;
    totalRest = rest;
    totalIsExact = wholly;
    moderate = smallest >= 0x1p-300 && scaled.length <= 1 << 20;
    unit = moderate && wholly && allShort ? lowestBit : 0;
  }

  private static double lowestBit(double weight) {
    long mantissa = ExactSum.mantissa(weight);
    return Math.scalb(1.0, Long.numberOfTrailingZeros(mantissa) + ExactSum.exponent(weight));
  }

  /** Whether dividing by it takes no rounding. */
  static boolean isPowerOfTwo(double total) {
    return Math.scalb(1.0, Math.getExponent(total)) == total;
  }

  /** How many there are. */
  int count() {
    return scaled.length;
  }

  /** A row's weight. */
  double of(int row) {
    return scaled[row];
  }

  /** A sum of products for each index asked for, without rounding where that is possible. */
  ErrorFreeSum errorFreeSum() {
    return new ErrorFreeSum(scaled);
  }

  /** The sum of the weights. */
  double total() {
    return total;
  }

  /** What {@link #total()} lacks, all but its own rounding. */
  double totalRest() {
    return totalRest;
  }

  /** Whether {@link #total()} lacks nothing. */
  boolean totalIsExact() {
    return totalIsExact;
  }

  /** Whether weights are near enough to each other, and few enough, for the bounds on errors. */
  boolean moderate() {
    return moderate;
  }

  /**
   * A power of two of which every weight is a multiple, of less than 2^29, so that its product with
   * a float takes no rounding; 0 where that is not so, or where another of the conditions fails.
   */
  double unit() {
    return unit;
  }

  /** Whether all are the same, so that the mean is that of the values alone. */
  boolean equal() {
    return equal;
  }
}
