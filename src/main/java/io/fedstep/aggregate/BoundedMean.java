package io.fedstep.aggregate;

import java.util.Arrays;

/**
 * The weighted mean of float values whose sums in double may be rounded: they carry a bound on
 * their error, and what that does not decide is looked at again.
 */
final class BoundedMean implements RowTriples.Sums {
  /** Coordinates that are looked at one by one if one of them is not proven. */
  private static final int BLOCK = 256;

  /** Values of all rows together that stay in a core's cache, to be looked at again there. */
  private static final int CACHED = 128 * 1024;

  /** Coordinates at a time, at least: below, calls cost more than the cache saves. */
  private static final int NARROW = 1024;

  private final RoundWeights weights;
  private final ExactMean exact;
  private final ErrorFreeSum errorFree;
  private final RowTriples triples;
  private double[] sum = {};
  private double[] bound = {};
  private float[] low = {};
  private float[] high = {};
  private int[] indexes = {};
  private int undecided;

  BoundedMean(RoundWeights weights, ExactMean exact, RowTriples triples) {
    this.weights = weights;
    this.exact = exact;
    this.triples = triples;
    errorFree = weights.errorFreeSum();
  }

  /** The most coordinates at a time whose rows are still in the cache afterwards. */
  static int strip(int rows) {
    return Math.max(NARROW, CACHED / rows);
  }

  /** Fills part of an array with the means of that range. */
  void aggregate(Rows rows, int from, int length, float[] into) {
    if (sum.length < length) {
      sum = new double[length];
      bound = new double[length];
      low = new float[length];
      high = new float[length];
      indexes = new int[length];
    }
    Arrays.fill(sum, 0, length, -0.0); // so that a sum of nothing but -0.0 is -0.0
    Arrays.fill(bound, 0, length, 0);
    triples.add(rows, from, length, this);
    decide(rows, from, length);
    System.arraycopy(low, 0, into, from, length);
  }

  @Override
  public void add(int row, float[] v0, float[] v1, float[] v2, int length) {
    double w0 = weights.of(row);
    double w1 = weights.of(row + 1);
    double w2 = weights.of(row + 2);
    add(w0, w1, w2, v0, v1, v2, sum, bound, length);
  }

  @Override
  public void add(int row, float[] values, int length) {
    add(weights.of(row), values, sum, bound, length);
  }

  private void decide(Rows rows, int begin, int length) {
    // of products, sums, total and quotient; twice for room
    double error = 2 * (rows.count() + 4) * WeightedMean.U;
    divide(sum, bound, weights.total(), error / weights.total(), low, high, length);
    undecided = 0;
    for (int from = 0; from < length; from += BLOCK) {
      int to = Math.min(length, from + BLOCK);
      if (!weights.moderate() || !proven(low, high, from, to)) {
        collect(from, to);
      }
    }
    errorFree.take(rows, begin, indexes, undecided);
    for (int i = 0; i < undecided; i++) {
      low[indexes[i]] =
          weights.totalIsExact() && weights.moderate() && errorFree.isShort(i)
              ? UnroundedMean.rounded(errorFree.value(i), weights.total())
              : (float) exact.ofFloats(rows, begin + indexes[i]);
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
      double[] bound,
      int length) {
    for (int i = 0; i < length; i++) {
      double a = w0 * v0[i];
      double b = w1 * v1[i];
      double c = w2 * v2[i];
      sum[i] += (a + b) + c;
      bound[i] += (Math.abs(a) + Math.abs(b)) + Math.abs(c);
    }
  }

  private static void add(double weight, float[] values, double[] sum, double[] bound, int length) {
    for (int i = 0; i < length; i++) {
      double product = weight * values[i];
      sum[i] += product;
      bound[i] += Math.abs(product);
    }
  }

  /** The two ends of the error interval of each mean, rounded to float. */
  private static void divide(
      double[] sum,
      double[] bound,
      double total,
      double error,
      float[] low,
      float[] high,
      int length) {
    for (int i = 0; i < length; i++) {
      double quotient = sum[i] / total;
      double slack = error * bound[i];
      low[i] = (float) (quotient - slack);
      high[i] = (float) (quotient + slack);
    }
  }

  /** Whether both ends are the same everywhere, and none is zero. */
  private static boolean proven(float[] low, float[] high, int from, int to) {
    for (int i = from; i < to; i++) {
      if (low[i] != high[i] || low[i] == 0) {
        return false;
      }
    }
    return true;
  }

  private void collect(int from, int to) {
    for (int i = from; i < to; i++) {
      boolean proven = weights.moderate() && (bound[i] == 0 || (low[i] == high[i] && low[i] != 0));
      if (!proven) {
        indexes[undecided++] = i;
      }
    }
  }
}
