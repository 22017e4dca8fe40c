package io.fedstep.aggregate;

import io.fedstep.vector.Dtype;
import io.fedstep.vector.Tile;
import java.util.Arrays;

/**
 * The sums of {@code (a - b)^2} over some of the coordinates for every pair of rows, in double.
 * They depend on which ranges were added in which order; the distances are the sums of a fixed
 * number of these, in a fixed order.
 */
public final class PairSums {
  /** Sums that do not wait for each other, few enough to stay in the nearest cache. */
  private static final int LANES = 128;

  /** Values of all rows together that stay in a core's cache while they are compared. */
  private static final int CACHED = 128 * 1024;

  private final int count;
  private final double[] sums;
  private final double[] lanes = new double[LANES];
  private final Tile[] values;
  private final int strip;

  /** No coordinates yet, of that many rows. */
  public PairSums(int count, Dtype dtype) {
    this.count = count;
    sums = new double[Distances.pairs(count)];
    strip = Math.clamp(CACHED / count, 4 * LANES, 32 * LANES);
    values = new Tile[count];
    Arrays.setAll(values, row -> Tile.zeros(dtype, strip));
  }

  /** Adds a range of {@code length} coordinates. */
  public void add(Rows rows, int length) {
    for (int from = 0; from < length; from += strip) {
      int size = Math.min(strip, length - from);
      for (int row = 0; row < count; row++) {
        rows.read(row, from, values[row].first(size));
      }
      int pair = 0;
      for (int a = 0; a < count; a++) {
        for (int b = a + 1; b < count; b++) {
          sums[pair++] += square(values[a], values[b], size);
        }
      }
    }
  }

  private double square(Tile a, Tile b, int size) {
    Arrays.fill(lanes, 0);
    a.run(b, (x, y, _) -> addAll(x, y, size), (x, y, _) -> addAll(x, y, size));
    return sum();
  }

  private void addAll(float[] a, float[] b, int size) {
    for (int from = 0; from < size; from += LANES) {
      add(a, b, from, lanes, Math.min(LANES, size - from));
    }
  }

  private void addAll(double[] a, double[] b, int size) {
    for (int from = 0; from < size; from += LANES) {
      add(a, b, from, lanes, Math.min(LANES, size - from));
    }
  }

  private static void add(float[] a, float[] b, int from, double[] lanes, int width) {
    for (int i = 0; i < width; i++) {
      double difference = (double) a[from + i] - b[from + i];
      lanes[i] += difference * difference;
    }
  }

  private static void add(double[] a, double[] b, int from, double[] lanes, int width) {
    for (int i = 0; i < width; i++) {
      double difference = a[from + i] - b[from + i];
      lanes[i] += difference * difference;
    }
  }

  private double sum() {
    for (int half = LANES / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        lanes[i] += lanes[i + half];
      }
    }
    return lanes[0];
  }

  /** The sums of the pairs (0, 1), (0, 2) and so on. */
  public double[] sums() {
    return sums;
  }
}
