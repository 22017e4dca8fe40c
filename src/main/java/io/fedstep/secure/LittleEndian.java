package io.fedstep.secure;

import java.math.BigInteger;

/** Whole numbers as bytes, the least significant first. */
final class LittleEndian {
  private LittleEndian() {}

  /** The number of bytes, 0 or more. */
  static BigInteger number(byte[] bytes) {
    return new BigInteger(1, reversed(bytes));
  }

  /** The bytes of a number below 2^(8 length). */
  static byte[] bytes(BigInteger number, int length) {
    byte[] bytes = new byte[length];
    byte[] bigEndian = number.toByteArray();
    for (int i = 0; i < Math.min(length, bigEndian.length); i++) {
      bytes[i] = bigEndian[bigEndian.length - 1 - i];
    }
    return bytes;
  }

  private static byte[] reversed(byte[] bytes) {
    byte[] reversed = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      reversed[i] = bytes[bytes.length - 1 - i];
    }
    return reversed;
  }
}
