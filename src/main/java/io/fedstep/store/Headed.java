package io.fedstep.store;

import java.nio.ByteBuffer;

/** Bytes of a version behind some others, as a file format has them. */
public final class Headed implements VersionBytes {
  private final byte[] head;
  private final VersionBytes rest;

  /** The bytes of both; the rest is closed with this. */
  public Headed(byte[] head, VersionBytes rest) {
    this.head = head;
    this.rest = rest;
  }

  @Override
  public long length() {
    return head.length + rest.length();
  }

  @Override
  public void read(long offset, ByteBuffer into) {
    long at = offset;
    if (at < head.length) {
      int count = Math.min(head.length - (int) at, into.remaining());
      into.put(head, (int) at, count);
      at += count;
    }
    if (into.hasRemaining()) {
      rest.read(at - head.length, into);
    }
  }

  @Override
  public void close() {
    rest.close();
  }
}
