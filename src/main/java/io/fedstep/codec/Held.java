package io.fedstep.codec;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Numbers of a body that are held until others have come. Memory grows as they come. */
final class Held {
  /** A multiple of every width. */
  private static final int PIECE = 64 * 1024;

  private final int width;
  private final List<ByteBuffer> pieces = new ArrayList<>();

  private Held(int width) {
    this.width = width;
  }

  /** Reads an entry's {@code count} numbers of {@code width} bytes. */
  static Held read(InputStream in, Entry entry, long count, int width) throws IOException {
    var held = new Held(width);
    for (long left = count * width; left > 0; left -= PIECE) {
      byte[] piece = new byte[(int) Math.min(left, PIECE)];
      entry.readFully(in, piece, piece.length);
      held.pieces.add(ByteBuffer.wrap(piece).order(ByteOrder.LITTLE_ENDIAN));
    }
    return held;
  }

  /** Number {@code index} as a number of a format. */
  double get(NumberFormat format, long index) {
    long at = index * width;
    return format.value(pieces.get((int) (at / PIECE)), (int) (at % PIECE) / width);
  }

  /** Number {@code index} as an unsigned integer of 32 bits. */
  long unsigned(long index) {
    long at = index * width;
    return Integer.toUnsignedLong(pieces.get((int) (at / PIECE)).getInt((int) (at % PIECE)));
  }
}
