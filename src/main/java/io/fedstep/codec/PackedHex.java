package io.fedstep.codec;

import java.io.OutputStream;
import java.util.Arrays;
import tools.jackson.core.Base64Variant;
import tools.jackson.core.Base64Variants;
import tools.jackson.core.JsonParser;

/**
 * Reads a JSON string of hex in constant memory.
 *
 * <p>The parser builds every string whole but one kind: base64 goes to a stream as it comes. Hex
 * digits are base64 digits too, four of them to three bytes, so a string of hex is read as base64
 * and its digits are taken back out of the bytes.
 */
final class PackedHex extends OutputStream {
  private static final Base64Variant DIGITS = Base64Variants.MODIFIED_FOR_URL;
  private static final byte[] NIBBLES = new byte[64];

  static {
    Arrays.fill(NIBBLES, (byte) -1);
    for (int value = 0; value < 16; value++) {
      char digit = Character.forDigit(value, 16);
      NIBBLES[DIGITS.decodeBase64Char(digit)] = (byte) value;
      NIBBLES[DIGITS.decodeBase64Char(Character.toUpperCase(digit))] = (byte) value;
    }
  }

  /** Takes what a string held, a full buffer at a time and the rest at the end. */
  interface Chunks {
    void take(byte[] bytes, int length);
  }

  private final Chunks chunks;
  private final byte[] buffer;
  private int length;
  private int group;
  private int grouped;
  private int wrong;

  private PackedHex(Chunks chunks, int bufferSize) {
    this.chunks = chunks;
    buffer = new byte[bufferSize];
  }

  /**
   * Reads the string at which the parser stands.
   *
   * @param bufferSize an even number of bytes
   * @return false where the string is not pairs of hex digits in groups of two bytes
   */
  static boolean read(JsonParser parser, int bufferSize, Chunks chunks) {
    var hex = new PackedHex(chunks, bufferSize);
    parser.readBinaryValue(DIGITS, hex);
    if (hex.wrong < 0 || hex.grouped != 0) {
      return false;
    }
    hex.flush();
    return true;
  }

  @Override
  public void write(int three) {
    group = (group << 8) | (three & 0xff);
    if (++grouped == 3) {
      int a = NIBBLES[group >> 18 & 63];
      int b = NIBBLES[group >> 12 & 63];
      int c = NIBBLES[group >> 6 & 63];
      int d = NIBBLES[group & 63];
      wrong |= a | b | c | d;
      buffer[length++] = (byte) (a << 4 | b);
      buffer[length++] = (byte) (c << 4 | d);
      grouped = 0;
      if (length == buffer.length) {
        flush();
      }
    }
  }

  @Override
  public void write(byte[] bytes, int from, int count) {
    for (int i = 0; i < count; i++) {
      write(bytes[from + i]);
    }
  }

  @Override
  public void flush() {
    if (length > 0 && wrong >= 0) {
      chunks.take(buffer, length);
    }
    length = 0;
  }
}
