package io.fedstep.aggregate;

import io.fedstep.vector.FloatTile;
import java.util.Arrays;

/** The weighted mean of float values: one product and one sum a value, in double. */
final class FloatMean {
  /** Rows in a loop: two are slower, and four too large for the compiler to vectorize. */
  private static final int TOGETHER = 3;

  /** Coordinates that are looked at one by one if one of them is not proven. */
  private static final int BLOCK = 256;

  /** Up to this part of the coordinates, going through the rows for each is cheaper. */
  private static final int FEW = 64;

  /** Values of all rows together that stay in a core's cache, to be looked at again there. */
  private static final int CACHED = 128 * 1024;

  /** Coordinates at a time, at least: below, calls cost more than the cache saves. */
  private static final int NARROW = 1024;

  private final RoundWeights weights;
  private final ExactMean exact;
  private final ErrorFreeSum errorFree;
  private double[] sum = {};
  private double[] bound = {};
  private float[][] values = new float[TOGETHER][0];
  private float[] low = {};
  private float[] high = {};
  private int[] bits = {};
  private int[] indexes = {};
  private int undecided;

  FloatMean(RoundWeights weights, ExactMean exact) {
    this.weights = weights;
    this.exact = exact;
    errorFree = weights.errorFreeSum();
  }

  /** Fills a tile with the means of its coordinates, strip after strip. */
  void aggregate(Rows rows, FloatTile into) {
    int strip = Math.min(into.length(), Math.max(NARROW, CACHED / rows.count()));
    if (sum.length < strip) {
      sum = new double[strip];
      bound = new double[strip];
      low = new float[strip];
      high = new float[strip];
      values = new float[TOGETHER][strip];
      indexes = new int[strip];
      bits = new int[strip];
    }
    for (int from = 0; from < into.length(); from += strip) {
      int length = Math.min(strip, into.length() - from);
      Arrays.fill(sum, 0, length, -0.0); // so that a sum of nothing but -0.0 is -0.0
      Arrays.fill(bound, 0, length, 0);
      add(rows, from, length);
      decide(rows, from, length);
      System.arraycopy(low, 0, into.values(), from, length);
    }
  }

  private void add(Rows rows, int from, int length) {
    int row = 0;
    for (; row + TOGETHER <= rows.count(); row += TOGETHER) {
      for (int i = 0; i < TOGETHER; i++) {
        rows.read(row + i, from, new FloatTile(values[i], length));
      }
      add(weights.of(row), weights.of(row + 1), weights.of(row + 2), length);
    }
    for (; row < rows.count(); row++) {
      rows.read(row, from, new FloatTile(values[0], length));
      add(weights.of(row), values[0], sum, bound, length);
    }
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
    if (undecided > length / FEW && weights.unit() > 0) {
      decideExactSums(rows, begin, length);
    }
    errorFree.take(rows, begin, indexes, undecided);
    for (int i = 0; i < undecided; i++) {
      low[indexes[i]] =
          weights.totalIsExact() && weights.moderate() && errorFree.isShort(i)
              ? toFloat(errorFree.value(i))
              : (float) exact.ofFloats(rows, begin + indexes[i]);
    }
  }

  private void add(double w0, double w1, double w2, int length) {
    add(w0, w1, w2, values[0], values[1], values[2], sum, bound, length);
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

  /**
   * Decides by the sums if none of them took a rounding. Every product is a multiple of the lowest
   * bit of all weights times the last place of the smallest value, and so is every sum; below 2^53
   * of those a double holds it.
   */
  private void decideExactSums(Rows rows, int from, int length) {
    double largest = 0;
    for (int i = 0; i < undecided; i++) {
      largest = Math.max(largest, bound[indexes[i]]);
    }
    // 2^52 last places of a value from here on are more than the largest sum
    double least = Math.scalb(1.0, Math.getExponent(largest / weights.unit() * 0x1p-29) + 1);
    if (!(least <= Float.MAX_VALUE)
        || anyBelow((float) Math.max(least, Float.MIN_NORMAL), rows, from, length)) {
      return;
    }
    for (int i = 0; i < undecided; i++) {
      low[indexes[i]] = toFloat(sum[indexes[i]]);
    }
    undecided = 0;
  }

  private boolean anyBelow(float least, Rows rows, int from, int length) {
    int below = 0;
    for (int row = 0; row < rows.count(); row++) {
      rows.bits(row, from, bits, length);
      below |= below(Float.floatToRawIntBits(least), bits, length);
    }
    return below < 0;
  }

  /** Negative if there is a magnitude below that of {@code least}, other than zero. */
  private static int below(int least, int[] bits, int length) {
    int below = 0;
    for (int i = 0; i < length; i++) { // one less, which puts zero above all others
      below |= (((bits[i] & 0x7fffffff) - 1) & 0x7fffffff) - (least - 1);
    }
    return below;
  }

  /** The mean of a sum that took no rounding, by a total that took none. */
  private float toFloat(double exactSum) {
    double quotient = exactSum / weights.total();
    double remainder = Math.fma(-quotient, weights.total(), exactSum);
    boolean odd = (Double.doubleToRawLongBits(quotient) & 1) != 0;
    if (remainder != 0 && !odd) { // to odd, so that an almost-tie does not round as a tie
      quotient = remainder > 0 ? Math.nextUp(quotient) : Math.nextDown(quotient);
    }
    return (float) quotient;
  }
}
