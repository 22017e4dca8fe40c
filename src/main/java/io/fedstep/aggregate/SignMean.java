package io.fedstep.aggregate;

import io.fedstep.vector.Tile;
import java.util.Arrays;

/**
 * The weighted mean of the values' signs, {@code sum(w * sign(x)) / sum(w)}, in double: by two-sum
 * (D. E. Knuth), so that shares which are one number exactly come out as that number.
 */
final class SignMean {
  private final RoundWeights weights;
  private final Tile values;
  private final double[] sum;
  private final double[] rest;

  /** The mean by these weights, finite and above 0, of tiles as {@code like} at the most. */
  SignMean(double[] weights, Tile like) {
    this.weights = new RoundWeights(weights);
    values = Tile.zeros(like.dtype(), like.length());
    sum = new double[like.length()];
    rest = new double[like.length()];
  }

  /** The most coordinates at a time. */
  int most() {
    return sum.length;
  }

  /** The means of {@code length} coordinates, in an array that the next call overwrites. */
  double[] of(Rows rows, int length) {
    Arrays.fill(sum, 0, length, 0);
    Arrays.fill(rest, 0, length, 0);
    for (int row = 0; row < rows.count(); row++) {
      rows.read(row, 0, values.first(length));
      double weight = weights.of(row);
      values.run(
          (signed, _) -> add(weight, signed, sum, rest, length),
          (signed, _) -> add(weight, signed, sum, rest, length));
    }
    divide(sum, rest, weights.total(), weights.totalRest(), length);
    return sum;
  }

  private static void add(double weight, float[] values, double[] sum, double[] rest, int length) {
    for (int i = 0; i < length; i++) {
      double signed = weight * Math.signum(values[i]);
      double before = sum[i];
      double after = before + signed;
      double part = after - before;
      rest[i] += (before - (after - part)) + (signed - part);
      sum[i] = after;
    }
  }

  private static void add(double weight, double[] values, double[] sum, double[] rest, int length) {
    for (int i = 0; i < length; i++) {
      double signed = weight * Math.signum(values[i]);
      double before = sum[i];
      double after = before + signed;
      double part = after - before;
      rest[i] += (before - (after - part)) + (signed - part);
      sum[i] = after;
    }
  }

  private static void divide(
      double[] sum, double[] rest, double total, double totalRest, int length) {
    for (int i = 0; i < length; i++) {
      double quotient = sum[i] / total;
      double remainder = Math.fma(-quotient, total, sum[i]) - quotient * totalRest + rest[i];
      sum[i] = quotient + remainder / total;
    }
  }
}
