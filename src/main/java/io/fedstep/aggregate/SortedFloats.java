package io.fedstep.aggregate;

import io.fedstep.vector.Exponents;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Order statistics of float values, by their bits as ints that compare as the values do. */
final class SortedFloats implements SortedStrip {
  private final @Nullable SortingNetwork network;
  private final int[][] bits;
  private final int[] column;
  private final float[] values;

  SortedFloats(int count, int most, @Nullable SortingNetwork network) {
    this.network = network;
    bits = new int[count][most];
    column = new int[count];
    values = new float[most];
  }

  @Override
  public int most() {
    return values.length;
  }

  @Override
  public void load(Rows rows, int from, int length) {
    for (int row = 0; row < bits.length; row++) {
      rows.read(row, from, new FloatTile(values, length));
      // in bulk: a loop of conversions does not vectorize
      MemorySegment.copy(
          MemorySegment.ofArray(values), ValueLayout.JAVA_INT, 0, bits[row], 0, length);
      flip(bits[row], length);
    }
    if (network != null) {
      network.run(bits, length);
    } else {
      sort(length);
    }
    for (int[] row : bits) {
      flip(row, length);
    }
  }

  /** Bits to ints in the order of the values, and back. */
  private static void flip(int[] bits, int length) {
    for (int i = 0; i < length; i++) {
      bits[i] ^= (bits[i] >> 31) & 0x7fffffff;
    }
  }

  private void sort(int length) {
    for (int i = 0; i < length; i++) {
      for (int row = 0; row < column.length; row++) {
        column[row] = bits[row][i];
      }
      Arrays.sort(column);
      for (int row = 0; row < column.length; row++) {
        bits[row][i] = column[row];
      }
    }
  }

  @Override
  public int count() {
    return bits.length;
  }

  @Override
  public void read(int row, int from, Tile into) {
    MemorySegment.copy(
        MemorySegment.ofArray(bits[row]),
        ValueLayout.JAVA_FLOAT,
        (long) Float.BYTES * from,
        ((FloatTile) into).values(),
        0,
        into.length());
  }

  @Override
  public Exponents exponents(int row, int from, int count) {
    return Exponents.of(bits[row], from, count);
  }

  @Override
  public void gather(int row, int from, int[] indexes, int count, double[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = value(row, from + indexes[i]);
    }
  }

  @Override
  public double value(int row, int index) {
    return Float.intBitsToFloat(bits[row][index]);
  }
}
