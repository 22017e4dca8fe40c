package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Order statistics of double values, by their bits as longs that compare as the values do. */
final class SortedDoubles implements SortedStrip {
  private final @Nullable SortingNetwork network;
  private final long[][] bits;
  private final long[] column;
  private final double[] values;

  SortedDoubles(int count, int most, @Nullable SortingNetwork network) {
    this.network = network;
    bits = new long[count][most];
    column = new long[count];
    values = new double[most];
  }

  @Override
  public int most() {
    return values.length;
  }

  @Override
  public void load(Rows rows, int from, int length) {
    for (int row = 0; row < bits.length; row++) {
      rows.read(row, from, new DoubleTile(values, length));
      // in bulk: a loop of conversions does not vectorize
      MemorySegment.copy(
          MemorySegment.ofArray(values), ValueLayout.JAVA_LONG, 0, bits[row], 0, length);
      flip(bits[row], length);
    }
    if (network != null) {
      network.run(bits, length);
    } else {
      sort(length);
    }
    for (long[] row : bits) {
      flip(row, length);
    }
  }

  /** Bits to longs in the order of the values, and back. */
  private static void flip(long[] bits, int length) {
    for (int i = 0; i < length; i++) {
      bits[i] ^= (bits[i] >> 63) & Long.MAX_VALUE;
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
        ValueLayout.JAVA_DOUBLE,
        (long) Double.BYTES * from,
        ((DoubleTile) into).values(),
        0,
        into.length());
  }

  @Override
  public void gather(int row, int from, int[] indexes, int count, double[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = value(row, from + indexes[i]);
    }
  }

  @Override
  public double value(int row, int index) {
    return Double.longBitsToDouble(bits[row][index]);
  }
}
