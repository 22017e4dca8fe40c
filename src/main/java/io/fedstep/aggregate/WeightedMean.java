package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
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
final class WeightedMean {
  /** Unit roundoff of double. */
  private static final double U = 0x1p-53;

  /** Above any error made below the normal range, and far below any bound that matters. */
  private static final double UNDERFLOW = 0x1p-900;

  private final double[] weights;
  private final double total;
  private final double totalRest;
  private final boolean totalIsExact;
  private final boolean moderate;
  private final ExactMean exact;

  /** A mean by these weights, finite and above 0. */
  WeightedMean(double[] given) {
    weights = given.clone();
    double largest = Arrays.stream(weights).max().orElse(1);
    int scale = -32 - Math.getExponent(largest); // below 2^-31 each: no sum of rows overflows
    double sum = 0;
    double rest = 0;
    boolean wholly = true;
    double smallest = Double.POSITIVE_INFINITY;
    for (int i = 0; i < weights.length; i++) {
      double weight = Math.scalb(weights[i], scale);
      weights[i] = weight;
      smallest = Math.min(smallest, weight);
      double next = sum + weight;
      double lost = (sum - (next - (next - sum))) + (weight - (next - sum));
      wholly &= lost == 0;
      rest += lost;
      sum = next;
    }
    total = sum;
    totalRest = rest;
    totalIsExact = wholly;
    moderate = smallest >= 0x1p-300 && weights.length <= 1 << 20;
    exact = new ExactMean(given);
  }

  /** The mean of float values: one product and one sum a value, in double. */
  void of(Rows rows, FloatTile into) {
    int length = into.length();
    double[] sum = new double[length];
    double[] bound = new double[length];
    Arrays.fill(sum, -0.0); // so that a sum of nothing but -0.0 is -0.0
    for (int row = 0; row < rows.count(); row++) {
      rows.read(row, into);
      add(weights[row], into.values(), sum, bound, length);
    }
    var errorFree = new ErrorFreeSum(weights);
    float[] mean = into.values();
    double error = 2 * (rows.count() + 4) * U; // of products, sums, total, quotient; twice for room
    for (int i = 0; i < length; i++) {
      double quotient = sum[i] / total;
      double slack = error * bound[i] / total;
      float low = (float) (quotient - slack);
      float high = (float) (quotient + slack);
      mean[i] =
          moderate && (bound[i] == 0 || (low == high && low != 0))
              ? (float) quotient
              : undecided(rows, i, errorFree);
    }
  }

  private float undecided(Rows rows, int index, ErrorFreeSum sum) {
    if (!moderate || !totalIsExact || !sum.take(rows, index) || !sum.isShort()) {
      return (float) exact.ofFloats(rows, index);
    }
    double quotient = sum.value() / total;
    double remainder = Math.fma(-quotient, total, sum.value());
    boolean odd = (Double.doubleToRawLongBits(quotient) & 1) != 0;
    if (remainder != 0 && !odd) { // to odd, so that an almost-tie does not round as a tie
      quotient = remainder > 0 ? Math.nextUp(quotient) : Math.nextDown(quotient);
    }
    return (float) quotient;
  }

  private static void add(double weight, float[] values, double[] sum, double[] bound, int length) {
    for (int i = 0; i < length; i++) {
      double product = weight * values[i];
      sum[i] += product;
      bound[i] += Math.abs(product);
    }
  }

  /** The mean of double values: two-product and two-sum (Ogita, Rump, Oishi, 2005). */
  void of(Rows rows, DoubleTile into) {
    int length = into.length();
    double[] sum = new double[length];
    double[] rest = new double[length];
    double[] bound = new double[length];
    Arrays.fill(sum, -0.0);
    for (int row = 0; row < rows.count(); row++) {
      rows.read(row, into);
      add(weights[row], into.values(), sum, rest, bound, length);
    }
    var errorFree = new ErrorFreeSum(weights);
    double[] mean = into.values();
    double n = rows.count() + 4;
    double error = 4 * n * n * U * U;
    for (int i = 0; i < length; i++) {
      double quotient = sum[i] / total;
      double remainder = Math.fma(-quotient, total, sum[i]) - quotient * totalRest + rest[i];
      double correction = remainder / total;
      double slack = (error * bound[i]) / total + 4 * n * U * Math.abs(correction);
      double low = quotient + (correction - slack);
      double high = quotient + (correction + slack);
      mean[i] =
          moderate && low == high && bound[i] > UNDERFLOW && Math.abs(low) > UNDERFLOW
              ? low
              : undecidedDouble(rows, i, errorFree);
    }
  }

  private double undecidedDouble(Rows rows, int index, ErrorFreeSum sum) {
    boolean powerOfTwo = totalIsExact && Math.scalb(1.0, Math.getExponent(total)) == total;
    if (moderate && sum.take(rows, index)) {
      double value = sum.value();
      if (value == 0 || (powerOfTwo && Math.abs(value) > UNDERFLOW)) {
        return value / total; // which takes no rounding
      }
    }
    return exact.ofDoubles(rows, index);
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
