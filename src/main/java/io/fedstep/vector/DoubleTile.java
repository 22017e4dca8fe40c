package io.fedstep.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tile of float64 values.
 *
 * @param values the array, of at least {@code length} values
 * @param length how many of them count
 */
@SuppressWarnings("ArrayRecordComponent") // a reused buffer, never compared
public record DoubleTile(double[] values, int length) implements Tile {
  private static final ValueLayout.OfDouble BYTES =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public Dtype dtype() {
    return Dtype.FLOAT64;
  }

  @Override
  public DoubleTile first(int count) {
    return new DoubleTile(values, count);
  }

  @Override
  public void run(Loop.Floats floats, Loop.Doubles doubles) {
    doubles.run(values, length);
  }

  @Override
  public void run(Tile b, Loop.TwoFloats floats, Loop.TwoDoubles doubles) {
    doubles.run(values, ((DoubleTile) b).values, length);
  }

  @Override
  public void run(Tile b, Tile c, Loop.ThreeFloats floats, Loop.ThreeDoubles doubles) {
    doubles.run(values, ((DoubleTile) b).values, ((DoubleTile) c).values, length);
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
    System.arraycopy(((DoubleTile) other).values, from, values, at, count);
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
    double largest = 0;
    for (int i = 0; i < length; i++) {
      largest = Math.max(largest, Math.abs(values[i])); // NaN if one is
    }
    if (largest <= Double.MAX_VALUE) {
      return -1;
    }
    int i = 0;
    while (Double.isFinite(values[i])) {
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
      all += values[at] * values[at];
    }
    return Squares.of(all, values, length);
  }

  private void addSquares(int at, double[] sums) {
    for (int i = 0; i < sums.length; i++) {
      double value = values[at + i];
      sums[i] += value * value;
    }
  }
}
