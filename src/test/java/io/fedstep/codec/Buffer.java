package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;

/** A file in memory. */
final class Buffer implements VectorSink {
  private final byte[] bytes;

  Buffer(long length) {
    bytes = new byte[Math.toIntExact(length)];
  }

  Buffer(String text) {
    bytes = text.getBytes(US_ASCII);
  }

  byte[] bytes() {
    return bytes;
  }

  String text() {
    return new String(bytes, US_ASCII);
  }

  @Override
  public void write(long offset, ByteBuffer from) {
    from.get(bytes, Math.toIntExact(offset), from.remaining());
  }

  void read(long offset, ByteBuffer into) {
    into.put(bytes, Math.toIntExact(offset), into.remaining());
  }
}
