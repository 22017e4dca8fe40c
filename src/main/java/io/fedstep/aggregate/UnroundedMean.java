package io.fedstep.aggregate;

import io.fedstep.vector.Exponents;
import java.util.Arrays;

/**
 * The weighted mean of float values that are near enough to each other for their sums in double to
 * take no rounding, so that only the quotients take one.
 */
final class UnroundedMean implements RowTriples.Sums {
  private final RoundWeights weights;
  private final RowTriples triples;
  private final double total;
  private final double margin;
  private double[] sum = {};
  private float[] low = {};
  private float[] high = {};

  UnroundedMean(RoundWeights weights, RowTriples triples) {
    this.weights = weights;
    this.triples = triples;
    total = weights.equal() ? weights.count() : weights.total();
    // else an inverse and a product round a quarter of that
    margin = RoundWeights.isPowerOfTwo(total) ? 0 : 0x1p-50;
  }

  /**
   * Whether no sum takes a rounding. Every product is a multiple of the lowest bit of all weights
   * times the last place of the smallest value, and so is every sum; up to 2^53 of those a double
   * holds it.
   */
  boolean isRight(Rows rows, int from, int length) {
    Exponents all = Exponents.NONE;
    double largest = 0;
    for (int row = 0; row < rows.count(); row++) {
      Exponents exponents = rows.exponents(row, from, length);
      largest += weight(row) * exponents.bound();
      all = all.and(exponents);
    }
    double unit = weights.equal() ? 1 : weights.unit();
    return largest <= 0x1p52 * unit * all.lastPlace();
  }

  private double weight(int row) {
    return weights.equal() ? 1 : weights.of(row);
  }

  /** Fills part of an array with the means of that range, for which this is right. */
  void aggregate(Rows rows, int from, int length, float[] into) {
    if (sum.length < length) {
      sum = new double[length];
      low = new float[length];
      high = new float[length];
    }
    Arrays.fill(sum, 0, length, -0.0); // so that a sum of nothing but -0.0 is -0.0
    triples.add(rows, from, length, this);
    divide(sum, 1 / total, margin, low, high, length);
    for (int i = 0; i < length; i++) {
      into[from + i] = low[i] == high[i] ? low[i] : rounded(sum[i], total);
    }
  }

  @Override
  public void add(int row, float[] v0, float[] v1, float[] v2, int length) {
    if (weights.equal()) {
      add(v0, v1, v2, sum, length);
    } else {
      double w0 = weights.of(row);
      double w1 = weights.of(row + 1);
      double w2 = weights.of(row + 2);
      add(w0, w1, w2, v0, v1, v2, sum, length);
    }
  }

  @Override
  public void add(int row, float[] values, int length) {
    add(weight(row), values, sum, length);
  }

  private static void add(float[] v0, float[] v1, float[] v2, double[] sum, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += ((double) v0[i] + v1[i]) + v2[i];
    }
  }

  private static void add(
      double w0,
      double w1,
      double w2,
      float[] v0,
      float[] v1,
      float[] v2,
      double[] sum,
      int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += (w0 * v0[i] + w1 * v1[i]) + w2 * v2[i];
    }
  }

  private static void add(double weight, float[] values, double[] sum, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += weight * values[i];
    }
  }

  /** The two ends of an interval around each quotient, rounded to float. */
  private static void divide(
      double[] sum, double inverse, double margin, float[] low, float[] high, int length) {
    for (int i = 0; i < length; i++) {
      double quotient = sum[i] * inverse;
      low[i] = (float) (quotient * (1 - margin));
      high[i] = (float) (quotient * (1 + margin));
    }
  }

  /** The mean of a sum that took no rounding, by a total that took none. */
  static float rounded(double exactSum, double total) {
    double quotient = exactSum / total;
    double remainder = Math.fma(-quotient, total, exactSum);
    boolean odd = (Double.doubleToRawLongBits(quotient) & 1) != 0;
    if (remainder != 0 && !odd) { // to odd, so that an almost-tie does not round as a tie
      quotient = remainder > 0 ? Math.nextUp(quotient) : Math.nextDown(quotient);
    }
    return (float) quotient;
  }
}
