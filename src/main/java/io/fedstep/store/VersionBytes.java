package io.fedstep.store;

import java.nio.ByteBuffer;

/** Bytes of a version as they go over the wire, whole or in part. */
public sealed interface VersionBytes extends AutoCloseable
    permits ControlBytes, FileRange, HalfBytes, Headed, Repeated, Zeros {
  /** How many there are. */
  long length();

  /** Fills the buffer with the bytes from {@code offset} on. */
  void read(long offset, ByteBuffer into);

  @Override
  void close();
}
