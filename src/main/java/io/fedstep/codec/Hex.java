package io.fedstep.codec;

/** Lowercase hex by table: two characters a byte. */
final class Hex {
  private static final short[] PAIRS = new short[256];
  private static final byte[] VALUES = new byte[256];

  static {
    java.util.Arrays.fill(VALUES, (byte) -1);
    for (int i = 0; i < 16; i++) {
      VALUES[Character.forDigit(i, 16)] = (byte) i;
      VALUES[Character.toUpperCase(Character.forDigit(i, 16))] = (byte) i;
    }
    for (int i = 0; i < 256; i++) {
      PAIRS[i] = (short) (Character.forDigit(i >> 4, 16) << 8 | Character.forDigit(i & 15, 16));
    }
  }

  private Hex() {}

  /** Writes the bytes' hex as ASCII. */
  static void encode(byte[] bytes, int from, int length, byte[] into) {
    for (int i = 0; i < length; i++) {
      short pair = PAIRS[bytes[from + i] & 0xff];
      into[2 * i] = (byte) (pair >> 8);
      into[2 * i + 1] = (byte) pair;
    }
  }

  /** Reads ASCII hex of either case; false where a character is no hex digit. */
  static boolean decode(byte[] text, int from, int bytes, byte[] into, int at) {
    int wrong = 0;
    for (int i = 0; i < bytes; i++) {
      int high = VALUES[text[from + 2 * i] & 0xff];
      int low = VALUES[text[from + 2 * i + 1] & 0xff];
      wrong |= high | low;
      into[at + i] = (byte) (high << 4 | low);
    }
    return wrong >= 0;
  }
}
