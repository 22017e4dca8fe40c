package io.fedstep.vector;

/**
 * A grid of numbers {@code 1 / scale} apart. Values on it are whole numbers, and sums of those take
 * no rounding: they do not depend on the order of the updates, nor on tiles.
 *
 * @param scale how many of its steps are 1; finite and above 0
 */
public record FixedPoint(double scale) {
  /** Checks the range. */
  public FixedPoint {
    if (!(scale > 0 && Double.isFinite(scale))) {
      throw new IllegalArgumentException(
          "scale is %s; a finite scale > 0 is needed".formatted(scale));
    }
  }

  /**
   * Adds a row's values to sums: {@code sums[i] += rint(value * (factor * scale))}, computed in
   * double, ties to even.
   *
   * @param row finite values
   * @param factor what the row's values are multiplied by first; no product is above 2^51
   * @param sums one for each value of the row, in steps of the grid
   */
  public void add(Tile row, double factor, long[] sums) {
    double f = factor * scale;
    row.run(
        (values, length) -> add(values, f, sums, length),
        (values, length) -> add(values, f, sums, length));
  }

  /** The same for three rows of one length, whose sums are read and written once. */
  public void add(
      Tile row0,
      double factor0,
      Tile row1,
      double factor1,
      Tile row2,
      double factor2,
      long[] sums) {
    double f0 = factor0 * scale;
    double f1 = factor1 * scale;
    double f2 = factor2 * scale;
    row0.run(
        row1,
        row2,
        (v0, v1, v2, length) -> add(v0, f0, v1, f1, v2, f2, sums, length),
        (v0, v1, v2, length) -> add(v0, f0, v1, f1, v2, f2, sums, length));
  }

  private static void add(float[] values, double factor, long[] sums, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += (long) Math.rint(values[i] * factor);
    }
  }

  private static void add(double[] values, double factor, long[] sums, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += (long) Math.rint(values[i] * factor);
    }
  }

  private static void add(
      float[] v0,
      double f0,
      float[] v1,
      double f1,
      float[] v2,
      double f2,
      long[] sums,
      int length) {
    for (int i = 0; i < length; i++) { // whole numbers up to 2^53: their sum takes no rounding
      sums[i] += (long) (Math.rint(v0[i] * f0) + Math.rint(v1[i] * f1) + Math.rint(v2[i] * f2));
    }
  }

  private static void add(
      double[] v0,
      double f0,
      double[] v1,
      double f1,
      double[] v2,
      double f2,
      long[] sums,
      int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += (long) (Math.rint(v0[i] * f0) + Math.rint(v1[i] * f1) + Math.rint(v2[i] * f2));
    }
  }

  /**
   * Turns sums into values again: {@code sum / (scale * count)}, computed in double and rounded
   * once to the tile's dtype.
   *
   * @param sums in steps of the grid
   * @param count what they are divided by, above 0
   * @param into as many values as count of the sums
   */
  public void mean(long[] sums, double count, Tile into) {
    double divisor = scale * count;
    into.run(
        (values, length) -> mean(sums, divisor, values, length),
        (values, length) -> mean(sums, divisor, values, length));
  }

  private static void mean(long[] sums, double divisor, float[] into, int length) {
    for (int i = 0; i < length; i++) {
      into[i] = (float) (sums[i] / divisor);
    }
  }

  private static void mean(long[] sums, double divisor, double[] into, int length) {
    for (int i = 0; i < length; i++) {
      into[i] = sums[i] / divisor;
    }
  }
}
