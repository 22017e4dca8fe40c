package io.fedstep.codec;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/** CRC-32C (Castagnoli) over bytes, and over two runs of bytes whose checksums are known. */
public final class Crc32c {
  /** The polynomial 0x1EDC6F41, bits reversed. */
  private static final int POLYNOMIAL = 0x82f63b78;

  private Crc32c() {}

  /** The checksum of the buffer's remaining bytes, which stay. */
  public static int of(ByteBuffer bytes) {
    var crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  /** The checksum of an array. */
  public static int of(byte[] bytes) {
    return of(ByteBuffer.wrap(bytes));
  }

  /** 8 lowercase hex digits. */
  public static String hex(int crc) {
    return HexFormat.of().toHexDigits(crc);
  }

  /** The digest of a vector as the contract writes it. */
  public static String digest(int crc) {
    return "crc32c:" + hex(crc);
  }

  /**
   * The checksum of A followed by B: {@code crc(A) * x^(8 * |B|) + crc(B)} in GF(2)[x] modulo the
   * polynomial.
   *
   * @param length the number of bytes of B
   */
  public static int concat(int crcA, int crcB, long length) {
    return multiply(power(length), crcA) ^ crcB;
  }

  /** {@code x^(8 * length)}, for many pieces of one length. */
  static int power(long length) {
    int power = 1 << 31; // x^0: the highest bit is the lowest coefficient
    int square = 1 << 23; // x^8: a byte
    for (long rest = length; rest != 0; rest >>>= 1) {
      if ((rest & 1) != 0) {
        power = multiply(power, square);
      }
      square = multiply(square, square);
    }
    return power;
  }

  /** The product of two polynomials. */
  static int multiply(int a, int b) {
    int product = 0;
    int shifted = b;
    for (int rest = a; rest != 0; rest <<= 1) { // no branches: the bits are as good as random
      product ^= shifted & (rest >> 31);
      shifted = (shifted >>> 1) ^ (POLYNOMIAL & -(shifted & 1));
    }
    return product;
  }
}
