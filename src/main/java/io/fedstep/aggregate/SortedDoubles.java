package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Order statistics of double values, as longs that compare as the values do. */
final class SortedDoubles implements SortedStrip {
  private final @Nullable SortingNetwork network;
  private final long[][] keys;
  private final long[] column;
  private final double[] values;

  SortedDoubles(int count, int most, @Nullable SortingNetwork network) {
    this.network = network;
    keys = new long[count][most];
    column = new long[count];
    values = new double[most];
  }

  /** Bits to keys, and keys to bits. */
  private static long flip(long bits) {
    return bits ^ (bits >> 63 & Long.MAX_VALUE);
  }

  @Override
  public int most() {
    return values.length;
  }

  @Override
  public void load(Rows rows, int from, int length) {
    for (int row = 0; row < keys.length; row++) {
      rows.read(row, from, new DoubleTile(values, length));
      toKeys(values, keys[row], length);
    }
    if (network != null) {
      network.run(keys, length);
    } else {
      sort(length);
    }
  }

  private static void toKeys(double[] values, long[] keys, int length) {
    for (int i = 0; i < length; i++) {
      keys[i] = flip(Double.doubleToRawLongBits(values[i]));
    }
  }

  private void sort(int length) {
    for (int i = 0; i < length; i++) {
      for (int row = 0; row < column.length; row++) {
        column[row] = keys[row][i];
      }
      Arrays.sort(column);
      for (int row = 0; row < column.length; row++) {
        keys[row][i] = column[row];
      }
    }
  }

  @Override
  public int count() {
    return keys.length;
  }

  @Override
  public void read(int row, int from, Tile into) {
    toValues(keys[row], from, ((DoubleTile) into).values(), into.length());
  }

  private static void toValues(long[] keys, int from, double[] values, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = Double.longBitsToDouble(flip(keys[from + i]));
    }
  }

  @Override
  public void bits(int row, int from, int[] into, int count) {
    throw new IllegalStateException("these values are float64");
  }

  @Override
  public void gather(int row, int from, int[] indexes, int count, double[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = value(row, from + indexes[i]);
    }
  }

  @Override
  public double value(int row, int index) {
    return Double.longBitsToDouble(flip(keys[row][index]));
  }
}
