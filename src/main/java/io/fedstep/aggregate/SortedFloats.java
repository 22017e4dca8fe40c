package io.fedstep.aggregate;

import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Order statistics of float values, as ints that compare as the values do. */
final class SortedFloats implements SortedStrip {
  private final @Nullable SortingNetwork network;
  private final int[][] keys;
  private final int[] column;
  private final float[] values;

  SortedFloats(int count, int most, @Nullable SortingNetwork network) {
    this.network = network;
    keys = new int[count][most];
    column = new int[count];
    values = new float[most];
  }

  /** Bits to keys, and keys to bits. */
  private static int flip(int bits) {
    return bits ^ (bits >> 31 & 0x7fffffff);
  }

  @Override
  public int most() {
    return values.length;
  }

  @Override
  public void load(Rows rows, int from, int length) {
    for (int row = 0; row < keys.length; row++) {
      rows.read(row, from, new FloatTile(values, length));
      toKeys(values, keys[row], length);
    }
    if (network != null) {
      network.run(keys, length);
    } else {
      sort(length);
    }
  }

  private static void toKeys(float[] values, int[] keys, int length) {
    for (int i = 0; i < length; i++) {
      keys[i] = flip(Float.floatToRawIntBits(values[i]));
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
    toValues(keys[row], from, ((FloatTile) into).values(), into.length());
  }

  private static void toValues(int[] keys, int from, float[] values, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = Float.intBitsToFloat(flip(keys[from + i]));
    }
  }

  @Override
  public void bits(int row, int from, int[] into, int count) {
    for (int i = 0; i < count; i++) {
      into[i] = flip(keys[row][from + i]);
    }
  }

  @Override
  public void gather(int row, int from, int[] indexes, int count, double[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = value(row, from + indexes[i]);
    }
  }

  @Override
  public double value(int row, int index) {
    return Float.intBitsToFloat(flip(keys[row][index]));
  }
}
