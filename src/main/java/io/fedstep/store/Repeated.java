package io.fedstep.store;

import java.nio.ByteBuffer;

/** Bytes that need no file: the same ones again and again, up to a length. */
record Repeated(ByteBuffer piece, long length) implements VersionBytes {
  private static final int PIECE = 8192;

  static Repeated zeros(long length) {
    return new Repeated(ByteBuffer.allocate((int) Math.min(PIECE, length)), length);
  }

  static Repeated once(byte[] bytes) {
    return new Repeated(ByteBuffer.wrap(bytes), bytes.length);
  }

  @Override
  public void read(long offset, ByteBuffer into) {
    for (long at = offset; into.hasRemaining(); ) {
      int from = (int) (at % piece.limit());
      int count = Math.min(piece.limit() - from, into.remaining());
      into.put(piece.slice(from, count));
      at += count;
    }
  }

  @Override
  public void close() {}
}
