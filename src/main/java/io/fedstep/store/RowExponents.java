package io.fedstep.store;

import io.fedstep.vector.Exponents;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * The exponents of a float32 row, block by block, noted while it is written: two bytes for 16 KiB
 * of it.
 */
final class RowExponents {
  /** Values in a block: fewer of them lie in a narrower range, which then proves more. */
  private static final int BLOCK = 4096;

  private final long values;
  private final byte[] least;
  private final byte[] most;

  RowExponents(long values) {
    this.values = values;
    int blocks = Math.toIntExact((values + BLOCK - 1) / BLOCK);
    least = new byte[blocks];
    most = new byte[blocks];
    Arrays.fill(least, (byte) Exponents.NONE.least());
  }

  /** Room for the bits of as many values as {@link #note} takes at a time. */
  int[] buffer() {
    return new int[(int) Math.min(BLOCK, values)];
  }

  /** Notes values that are written at an offset in bytes; the bytes stay to be read. */
  void note(long offset, ByteBuffer bytes, int[] bits) {
    IntBuffer next = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
    long index = offset / Float.BYTES;
    while (next.hasRemaining()) {
      int count = Math.min(next.remaining(), BLOCK - (int) (index % BLOCK));
      next.get(bits, 0, count);
      int block = (int) (index / BLOCK);
      Exponents all = of(block).and(Exponents.of(bits, 0, count));
      least[block] = (byte) all.least();
      most[block] = (byte) all.most();
      index += count;
    }
  }

  private Exponents of(int block) {
    return new Exponents(Byte.toUnsignedInt(least[block]), Byte.toUnsignedInt(most[block]));
  }

  /** Those of all blocks in which some of {@code count} values lie. */
  Exponents of(long from, int count) {
    Exponents all = Exponents.NONE;
    for (int block = (int) (from / BLOCK); (long) block * BLOCK < from + count; block++) {
      all = all.and(of(block));
    }
    return all;
  }
}
