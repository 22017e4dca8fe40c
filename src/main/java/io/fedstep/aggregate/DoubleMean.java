package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import java.util.Arrays;

/**
 * The weighted mean of double values: two-product and two-sum (T. Ogita, S. M. Rump, S. Oishi,
 * Accurate Sum and Dot Product, 2005).
 */
final class DoubleMean {
  /** Above any error made below the normal range, and far below any bound that matters. */
  private static final double UNDERFLOW = 0x1p-900;

  private final RoundWeights weights;
  private final ExactMean exact;
  private final ErrorFreeSum errorFree;
  private double[] sum = {};
  private double[] rest = {};
  private double[] bound = {};
  private int[] indexes = {};
  private int undecided;

  DoubleMean(RoundWeights weights, ExactMean exact) {
    this.weights = weights;
    this.exact = exact;
    errorFree = weights.errorFreeSum();
  }

  /** Fills a tile with the means of its coordinates. */
  void aggregate(Rows rows, DoubleTile into) {
    int length = into.length();
    if (sum.length < length) {
      sum = new double[length];
      rest = new double[length];
      bound = new double[length];
      indexes = new int[length];
    }
    Arrays.fill(sum, 0, length, -0.0); // so that a sum of nothing but -0.0 is -0.0
    Arrays.fill(rest, 0, length, 0);
    Arrays.fill(bound, 0, length, 0);
    for (int row = 0; row < rows.count(); row++) {
      rows.read(row, 0, into);
      add(weights.of(row), into.values(), sum, rest, bound, length);
    }
    decide(rows, into.values(), length);
  }

  private void decide(Rows rows, double[] mean, int length) {
    double total = weights.total();
    double n = rows.count() + 4;
    double error = 4 * n * n * WeightedMean.U * WeightedMean.U;
    undecided = 0;
    for (int i = 0; i < length; i++) {
      double quotient = sum[i] / total;
      double remainder =
          Math.fma(-quotient, total, sum[i]) - quotient * weights.totalRest() + rest[i];
      double correction = remainder / total;
      double slack = (error * bound[i]) / total + 4 * n * WeightedMean.U * Math.abs(correction);
      double low = quotient + (correction - slack);
      double high = quotient + (correction + slack);
      mean[i] = low;
      if (!weights.moderate()
          || low != high
          || bound[i] <= UNDERFLOW
          || Math.abs(low) <= UNDERFLOW) {
        indexes[undecided++] = i;
      }
    }
    errorFree.take(rows, 0, indexes, undecided);
    for (int i = 0; i < undecided; i++) {
      mean[indexes[i]] =
          weights.moderate() && errorFree.isExact(i) && dividesExactly(errorFree.value(i))
              ? errorFree.value(i) / total
              : exact.ofDoubles(rows, indexes[i]);
    }
  }

  /** Whether the quotient of a rounded sum takes no further rounding. */
  private boolean dividesExactly(double value) {
    boolean powerOfTwo = weights.totalIsExact() && RoundWeights.isPowerOfTwo(weights.total());
    return value == 0 || (powerOfTwo && Math.abs(value) > UNDERFLOW);
  }

  private static void add(
      double weight, double[] values, double[] sum, double[] rest, double[] bound, int length) {
    for (int i = 0; i < length; i++) {
      double product = weight * values[i];
      double productRest = Math.fma(weight, values[i], -product);
      double before = sum[i];
      double after = before + product;
      double part = after - before;
      rest[i] += (before - (after - part)) + (product - part) + productRest;
      sum[i] = after;
      bound[i] += Math.abs(product);
    }
  }
}
