package io.fedstep.aggregate;

import java.util.Arrays;

/**
 * Sums of products as two doubles each that hold all of it (D. E. Knuth's two-sum), as long as
 * nothing is rounded on the way; with few rows of ordinary values nothing is.
 */
final class ErrorFreeSum {
  /** Below it the rest of a product may be lost. */
  private static final double SMALLEST = 0x1p-900;

  private final double[] weights;
  private double[] values = {};
  private double[] high = {};
  private double[] low = {};
  private double[] rounded = {};

  ErrorFreeSum(double[] weights) {
    this.weights = weights;
  }

  /**
   * Sums the columns at the first {@code count} indexes, ascending and counted from {@code from}.
   */
  void take(Rows rows, int from, int[] indexes, int count) {
    if (values.length < count) {
      values = new double[count];
      high = new double[count];
      low = new double[count];
      rounded = new double[count];
    }
    Arrays.fill(high, 0, count, -0.0); // so that a sum of nothing but -0.0 is -0.0
    Arrays.fill(low, 0, count, 0);
    Arrays.fill(rounded, 0, count, 0);
    for (int row = 0; row < rows.count(); row++) {
      rows.gather(row, from, indexes, count, values);
      add(weights[row], count);
    }
  }

  private void add(double weight, int count) {
    for (int i = 0; i < count; i++) {
      double value = values[i];
      double product = weight * value;
      double before = high[i];
      double after = before + product;
      double part = after - before;
      double lost = (before - (after - part)) + (product - part);
      double rest = low[i] + lost;
      boolean exact =
          Math.fma(weight, value, -product) == 0
              && (value == 0 || Math.abs(product) >= SMALLEST)
              && rest - low[i] == lost
              && rest - lost == low[i];
      high[i] = after;
      low[i] = rest;
      rounded[i] += exact ? 0 : 1;
    }
  }

  /** Whether nothing was rounded in a sum. */
  boolean isExact(int sum) {
    return rounded[sum] == 0;
  }

  /** Whether one double holds a sum, and nothing was rounded. */
  boolean isShort(int sum) {
    return rounded[sum] == 0 && low[sum] == 0;
  }

  /** A sum, rounded at most once. */
  double value(int sum) {
    return low[sum] == 0 ? high[sum] : high[sum] + low[sum];
  }
}
