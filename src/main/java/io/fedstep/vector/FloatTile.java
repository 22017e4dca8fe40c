package io.fedstep.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tile of float32 values.
 *
 * @param values the array, of at least {@code length} values
 * @param length how many of them count
 */
@SuppressWarnings("ArrayRecordComponent") // a reused buffer, never compared
public record FloatTile(float[] values, int length) implements Tile {
  private static final ValueLayout.OfFloat BYTES =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public Dtype dtype() {
    return Dtype.FLOAT32;
  }

  @Override
  public FloatTile first(int count) {
    return new FloatTile(values, count);
  }

  @Override
  public void run(Loop.Floats floats, Loop.Doubles doubles) {
    floats.run(values, length);
  }

  @Override
  public void run(Tile b, Loop.TwoFloats floats, Loop.TwoDoubles doubles) {
    floats.run(values, ((FloatTile) b).values, length);
  }

  @Override
  public void run(Tile b, Tile c, Loop.ThreeFloats floats, Loop.ThreeDoubles doubles) {
    floats.run(values, ((FloatTile) b).values, ((FloatTile) c).values, length);
  }

  @Override
  public void read(MemorySegment bytes, long offset) {
    MemorySegment.copy(bytes, BYTES, offset, values, 0, length);
  }

  @Override
  public void write(MemorySegment bytes, long offset) {
    MemorySegment.copy(values, 0, bytes, BYTES, offset, length);
  }

  @Override
  public void put(int at, Tile other, int from, int count) {
    System.arraycopy(((FloatTile) other).values, from, values, at, count);
  }

  @Override
  public void clear(int from, int end) {
    Arrays.fill(values, from, end, 0);
  }

  @Override
  public double get(int index) {
    return values[index];
  }

  @Override
  public int firstNotFinite() {
    float largest = 0;
    for (int i = 0; i < length; i++) {
      largest = Math.max(largest, Math.abs(values[i])); // NaN if one is
    }
    if (largest <= Float.MAX_VALUE) {
      return -1;
    }
    int i = 0;
    while (Float.isFinite(values[i])) {
      i++;
    }
    return i;
  }

  @Override
  public double squares() {
    double[] sums = new double[Squares.SUMS];
    int at = 0;
    for (; at <= length - sums.length; at += sums.length) {
      addSquares(at, sums);
    }
    double all = Squares.inOrder(sums);
    for (; at < length; at++) {
      all += (double) values[at] * values[at];
    }
    return all;
  }

  private void addSquares(int at, double[] sums) {
    for (int i = 0; i < sums.length; i++) {
      double value = values[at + i];
      sums[i] += value * value;
    }
  }
}
