package io.fedstep.aggregate;

/**
 * A sum of products as two doubles that hold all of it (D. E. Knuth's two-sum), as long as nothing
 * is rounded on the way; with few rows of ordinary values nothing is.
 */
final class ErrorFreeSum {
  /** Below it the rest of a product may be lost. */
  private static final double SMALLEST = 0x1p-900;

  private final double[] weights;
  private double high;
  private double low;

  ErrorFreeSum(double[] weights) {
    this.weights = weights;
  }

  /** Sums the column at {@code index}; false where something was rounded. */
  boolean take(Rows rows, int index) {
    high = -0.0; // so that a sum of nothing but -0.0 is -0.0
    low = 0;
    for (int row = 0; row < rows.count(); row++) {
      double value = rows.value(row, index);
      double product = weights[row] * value;
      if (Math.fma(weights[row], value, -product) != 0
          || (value != 0 && Math.abs(product) < SMALLEST)) {
        return false;
      }
      double before = high;
      high = before + product;
      double part = high - before;
      double lost = (before - (high - part)) + (product - part);
      double rest = low + lost;
      if (rest - low != lost || rest - lost != low) {
        return false;
      }
      low = rest;
    }
    return true;
  }

  /** Whether one double holds the sum. */
  boolean isShort() {
    return low == 0;
  }

  /** The sum, rounded at most once. */
  double value() {
    return low == 0 ? high : high + low;
  }
}
