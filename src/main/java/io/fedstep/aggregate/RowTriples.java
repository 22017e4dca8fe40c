package io.fedstep.aggregate;

import io.fedstep.vector.FloatTile;
import java.util.Arrays;

/** Reads float rows to be added up three in a loop; what is left over comes one by one. */
final class RowTriples {
  /** Rows in a loop: two are slower, and four too large for the compiler to vectorize. */
  private static final int TOGETHER = 3;

  /** What takes the rows' values, from the beginning of the arrays on. */
  interface Sums {
    /** Adds three rows, of which this is the first. */
    void add(int row, float[] v0, float[] v1, float[] v2, int length);

    /** Adds one row. */
    void add(int row, float[] values, int length);
  }

  private final float[][] values = new float[TOGETHER][0];

  /** Has all rows added, each in the range of {@code length} values from {@code from} on. */
  void add(Rows rows, int from, int length, Sums sums) {
    if (values[0].length < length) {
      Arrays.setAll(values, _ -> new float[length]);
    }
    int row = 0;
    for (; row + TOGETHER <= rows.count(); row += TOGETHER) {
      for (int i = 0; i < TOGETHER; i++) {
        rows.read(row + i, from, new FloatTile(values[i], length));
      }
      sums.add(row, values[0], values[1], values[2], length);
    }
    for (; row < rows.count(); row++) {
      rows.read(row, from, new FloatTile(values[0], length));
      sums.add(row, values[0], length);
    }
  }
}
