package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.Arrays;

/**
 * The weighted mean {@code sum(w * x) / sum(w)} of finite values, each coordinate rounded once.
 *
 * <p>A cheap sum carries a bound on its error; where both ends of the error interval round to the
 * same value, the rounding is proven. Most of the others are ties, exact or nearly, which no bound
 * decides (with two equal weights a fifth of all): where the sum took no rounding, the remainder of
 * the division decides them. What is left goes through {@link ExactMean}.
 *
 * <p>An exact mean of zero is -0.0 only where every value is -0.0.
 */
final class WeightedMean implements Aggregation {
  /** Unit roundoff of double. */
  private static final double U = 0x1p-53;

  /** Above any error made below the normal range, and far below any bound that matters. */
  private static final double UNDERFLOW = 0x1p-900;

  /** Rows in a loop: two are slower, and four too large for the compiler to vectorize. */
  private static final int TOGETHER = 3;

  /** Coordinates that are looked at one by one if one of them is not proven. */
  private static final int BLOCK = 256;

  /** Up to this part of the coordinates, going through the rows for each is cheaper. */
  private static final int FEW = 1024;

  private final double[] weights;
  private final double total;
  private final double totalRest;
  private final boolean totalIsExact;
  private final boolean moderate;
  private final ExactMean exact;
  private final ErrorFreeSum errorFree;

  /** Every weight is a multiple of it, of less than 2^29; 0 where that is not so. */
  private final double unit;

  private int[] indexes = {};
  private int[] bits = {};
  private int undecided;
  private double[] sum = {};
  private double[] rest = {};
  private double[] bound = {};
  private float[][] values = new float[TOGETHER][0];
  private float[] high = {};

  /** A mean by these weights, finite and above 0. */
  WeightedMean(double[] given) {
    weights = given.clone();
    double largest = Arrays.stream(weights).max().orElse(1);
    int scale = -32 - Math.getExponent(largest); // below 2^-31 each: no sum of rows overflows
    double sum = 0;
    double rest = 0;
    boolean wholly = true;
    boolean allShort = true;
    double lowest = Double.POSITIVE_INFINITY;
    double smallest = Double.POSITIVE_INFINITY;
    for (int i = 0; i < weights.length; i++) {
      double weight = Math.scalb(weights[i], scale);
      weights[i] = weight;
      smallest = Math.min(smallest, weight);
      double next = sum + weight;
      double lost = (sum - (next - (next - sum))) + (weight - (next - sum));
      wholly &= lost == 0;
      double bit = lowestBit(weight);
      lowest = Math.min(lowest, bit);
      allShort &= weight < 0x1p29 * bit;
      rest += lost;
      sum = next;
    }
    total = sum;
    totalRest = rest;
    totalIsExact = wholly;
    moderate = smallest >= 0x1p-300 && weights.length <= 1 << 20;
    unit = moderate && wholly && allShort ? lowest : 0;
    exact = new ExactMean(given);
    errorFree = new ErrorFreeSum(weights);
  }

  private static double lowestBit(double weight) {
    long mantissa = ExactSum.mantissa(weight);
    return Math.scalb(1.0, Long.numberOfTrailingZeros(mantissa) + ExactSum.exponent(weight));
  }

  @Override
  public void aggregate(Rows rows, Tile into) {
    if (sum.length < into.length()) {
      sum = new double[into.length()];
      bound = new double[into.length()];
      indexes = new int[into.length()];
    }
    Arrays.fill(sum, 0, into.length(), -0.0); // so that a sum of nothing but -0.0 is -0.0
    Arrays.fill(bound, 0, into.length(), 0);
    switch (into) {
      case FloatTile tile -> mean(rows, tile);
      case DoubleTile tile -> mean(rows, tile);
    }
  }

  /** The mean of float values: one product and one sum a value, in double. */
  private void mean(Rows rows, FloatTile into) {
    int length = into.length();
    if (high.length < length) {
      high = new float[length];
      values = new float[TOGETHER][length];
    }
    int row = 0;
    for (; row + TOGETHER <= rows.count(); row += TOGETHER) {
      for (int i = 0; i < TOGETHER; i++) {
        rows.read(row + i, new FloatTile(values[i], length));
      }
      add(weights[row], weights[row + 1], weights[row + 2], length);
    }
    for (; row < rows.count(); row++) {
      rows.read(row, new FloatTile(values[0], length));
      add(weights[row], values[0], sum, bound, length);
    }
    float[] low = into.values();
    double error = 2 * (rows.count() + 4) * U; // of products, sums, total, quotient; twice for room
    divide(sum, bound, total, error / total, low, high, length);
    undecided = 0;
    for (int from = 0; from < length; from += BLOCK) {
      int to = Math.min(length, from + BLOCK);
      if (!moderate || !proven(low, high, from, to)) {
        collect(low, from, to);
      }
    }
    if (undecided > length / FEW && unit > 0) {
      decideExactSums(rows, low, length);
    }
    errorFree.take(rows, indexes, undecided);
    for (int i = 0; i < undecided; i++) {
      low[indexes[i]] =
          totalIsExact && moderate && errorFree.isShort(i)
              ? toFloat(errorFree.value(i))
              : (float) exact.ofFloats(rows, indexes[i]);
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

  private void collect(float[] low, int from, int to) {
    for (int i = from; i < to; i++) {
      boolean proven = moderate && (bound[i] == 0 || (low[i] == high[i] && low[i] != 0));
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
  private void decideExactSums(Rows rows, float[] mean, int length) {
    double largest = 0;
    for (int i = 0; i < undecided; i++) {
      largest = Math.max(largest, bound[indexes[i]]);
    }
    // 2^52 last places of a value from here on are more than the largest sum
    double least = Math.scalb(1.0, Math.getExponent(largest / unit * 0x1p-29) + 1);
    if (!(least <= Float.MAX_VALUE)
        || anyBelow((float) Math.max(least, Float.MIN_NORMAL), rows, length)) {
      return;
    }
    for (int i = 0; i < undecided; i++) {
      mean[indexes[i]] = toFloat(sum[indexes[i]]);
    }
    undecided = 0;
  }

  private boolean anyBelow(float least, Rows rows, int length) {
    if (bits.length < length) {
      bits = new int[length];
    }
    int below = 0;
    for (int row = 0; row < rows.count(); row++) {
      rows.bits(row, bits, length);
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
    double quotient = exactSum / total;
    double remainder = Math.fma(-quotient, total, exactSum);
    boolean odd = (Double.doubleToRawLongBits(quotient) & 1) != 0;
    if (remainder != 0 && !odd) { // to odd, so that an almost-tie does not round as a tie
      quotient = remainder > 0 ? Math.nextUp(quotient) : Math.nextDown(quotient);
    }
    return (float) quotient;
  }

  /** The mean of double values: two-product and two-sum (Ogita, Rump, Oishi, 2005). */
  private void mean(Rows rows, DoubleTile into) {
    int length = into.length();
    if (rest.length < length) {
      rest = new double[length];
    }
    Arrays.fill(rest, 0, length, 0);
    for (int row = 0; row < rows.count(); row++) {
      rows.read(row, into);
      add(weights[row], into.values(), sum, rest, bound, length);
    }
    double[] mean = into.values();
    double n = rows.count() + 4;
    double error = 4 * n * n * U * U;
    undecided = 0;
    for (int i = 0; i < length; i++) {
      double quotient = sum[i] / total;
      double remainder = Math.fma(-quotient, total, sum[i]) - quotient * totalRest + rest[i];
      double correction = remainder / total;
      double slack = (error * bound[i]) / total + 4 * n * U * Math.abs(correction);
      double low = quotient + (correction - slack);
      double high = quotient + (correction + slack);
      mean[i] = low;
      if (!moderate || low != high || bound[i] <= UNDERFLOW || Math.abs(low) <= UNDERFLOW) {
        indexes[undecided++] = i;
      }
    }
    errorFree.take(rows, indexes, undecided);
    for (int i = 0; i < undecided; i++) {
      mean[indexes[i]] =
          moderate && errorFree.isExact(i) && dividesExactly(errorFree.value(i))
              ? errorFree.value(i) / total
              : exact.ofDoubles(rows, indexes[i]);
    }
  }

  /** Whether the quotient of a rounded sum takes no further rounding. */
  private boolean dividesExactly(double value) {
    boolean powerOfTwo = totalIsExact && Math.scalb(1.0, Math.getExponent(total)) == total;
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
