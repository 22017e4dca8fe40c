package io.fedstep.codec;

import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** The values in a state document, by vector and coordinates; it has buffers, for one thread. */
public final class StateValues {
  private final StateDocument document;
  private final StateDocument.Access file;
  private final int width;
  private byte[] bytes = {};
  private byte[] digits = {};

  /** The values of a document that is read or written through {@code file}. */
  public StateValues(StateDocument document, StateDocument.Access file) {
    this.document = document;
    this.file = file;
    width = document.dtype().bytes();
  }

  /** Reads a range of a state vector, zeros if it is not there; false where it is not hex. */
  public boolean read(int vector, Range range, Tile into) {
    if (!document.has(vector)) {
      into.clear();
      return true;
    }
    byte[] values = bytes(range.length() * width);
    byte[] text = digits(2 * range.length() * width);
    boolean[] hex = {true};
    document.overTensors(
        vector,
        range,
        (offset, from, count) -> {
          file.at(offset, ByteBuffer.wrap(text, 0, 2 * count * width));
          hex[0] &= Hex.decode(text, 0, count * width, values, from * width);
        });
    into.read(MemorySegment.ofArray(values), 0);
    return hex[0];
  }

  /** Writes a range of a state vector, if it is there. */
  public void write(int vector, Range range, Tile values) {
    if (!document.has(vector)) {
      return;
    }
    byte[] raw = bytes(range.length() * width);
    values.write(MemorySegment.ofArray(raw), 0);
    write(vector, range.from(), raw, range.length() * width);
  }

  /** Writes little-endian bytes as the values of a state vector from {@code index} on. */
  void write(int vector, long index, byte[] raw, int length) {
    byte[] text = digits(2 * length);
    document.overTensors(
        vector,
        new Range(index, length / width),
        (offset, from, count) -> {
          Hex.encode(raw, from * width, count * width, text);
          file.at(offset, ByteBuffer.wrap(text, 0, 2 * count * width));
        });
  }

  private byte[] bytes(int length) {
    if (bytes.length < length) {
      bytes = new byte[length];
    }
    return bytes;
  }

  private byte[] digits(int length) {
    if (digits.length < length) {
      digits = new byte[length];
    }
    return digits;
  }
}
