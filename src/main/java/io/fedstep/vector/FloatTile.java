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
  public void read(MemorySegment bytes, long offset) {
    MemorySegment.copy(bytes, BYTES, offset, values, 0, length);
  }

  @Override
  public void write(MemorySegment bytes, long offset) {
    MemorySegment.copy(values, 0, bytes, BYTES, offset, length);
  }

  @Override
  public void put(int at, Tile part) {
    System.arraycopy(((FloatTile) part).values, 0, values, at, part.length());
  }

  @Override
  public void clear() {
    Arrays.fill(values, 0, length, 0);
  }

  @Override
  public double get(int index) {
    return values[index];
  }

  @Override
  public int firstNotFinite() {
    int carries = 0; // an exponent of ones, and no other, carries into the sign
    for (int i = 0; i < length; i++) {
      carries |= (Float.floatToRawIntBits(values[i]) & 0x7f800000) + 0x00800000;
    }
    if (carries >= 0) {
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
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    double e = 0;
    double f = 0;
    double g = 0;
    double h = 0;
    int i = 0;
    for (; i < length - 7; i += 8) { // eight sums that do not wait for each other
      a += square(values[i]);
      b += square(values[i + 1]);
      c += square(values[i + 2]);
      d += square(values[i + 3]);
      e += square(values[i + 4]);
      f += square(values[i + 5]);
      g += square(values[i + 6]);
      h += square(values[i + 7]);
    }
    for (; i < length; i++) {
      a += square(values[i]);
    }
    return ((a + b) + (c + d)) + ((e + f) + (g + h));
  }

  private static double square(double value) {
    return value * value;
  }
}
