package io.fedstep.codec;

import java.nio.ByteBuffer;

/** Where the bytes of a flat vector go, in any order. */
public interface VectorSink {
  /** Writes the buffer's remaining bytes at {@code offset}, in bytes from the vector's begin. */
  void write(long offset, ByteBuffer bytes);
}
