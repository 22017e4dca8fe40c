package io.fedstep.aggregate;

import java.math.BigInteger;

/**
 * A sum of products of doubles without rounding: a fixed-point number of 32-bit digits, each in a
 * long that has room for the carries of 2^30 additions (U. Kulisch, Computer Arithmetic and
 * Validity, 2013).
 */
final class ExactSum {
  /** The exponent of the lowest digit: that of the product of the two smallest doubles. */
  private static final int LOWEST = 2 * -1074;

  private static final int DIGITS = (2 * 1024 - LOWEST) / 32 + 4;

  private final long[] digits = new long[DIGITS];
  private int first = DIGITS;
  private int last = -1;

  /** The signed integer mantissa of a finite double. */
  static long mantissa(double value) {
    long bits = Double.doubleToRawLongBits(value);
    long fraction = bits & 0xfffffffffffffL;
    long mantissa = (bits >>> 52 & 0x7ff) == 0 ? fraction : fraction | 1L << 52;
    return bits < 0 ? -mantissa : mantissa;
  }

  /** The exponent that belongs to {@link #mantissa}. */
  static int exponent(double value) {
    int field = (int) (Double.doubleToRawLongBits(value) >>> 52 & 0x7ff);
    return Math.max(field, 1) - 1075;
  }

  /** Adds {@code a * 2^aExponent * b * 2^bExponent}; mantissas have at most 53 bits. */
  void add(long a, int aExponent, long b, int bExponent) {
    long high = Math.multiplyHigh(a, b);
    long low = a * b;
    boolean negative = high < 0;
    if (negative) {
      low = -low;
      high = ~high + (low == 0 ? 1 : 0);
    }
    int place = aExponent + bExponent - LOWEST;
    int digit = place >> 5;
    int shift = place & 31;
    long sign = negative ? -1 : 1;
    // the 106-bit product, shifted by up to 31, spans five digits
    digits[digit] += sign * (low << shift & 0xffffffffL);
    digits[digit + 1] += sign * (low >>> (32 - shift) & 0xffffffffL);
    long middle = shift == 0 ? 0 : low >>> (64 - shift);
    digits[digit + 2] += sign * ((high << shift & 0xffffffffL) + middle);
    digits[digit + 3] += sign * (high >>> (32 - shift) & 0xffffffffL);
    digits[digit + 4] += sign * (shift == 0 ? 0 : high >>> (64 - shift));
    first = Math.min(first, digit);
    last = Math.max(last, digit + 4);
  }

  /** The sum as an integer in units of 2^{@link #exponent()}. */
  BigInteger mantissa() {
    BigInteger sum = BigInteger.ZERO;
    for (int i = last; i >= first; i--) {
      sum = sum.shiftLeft(32).add(BigInteger.valueOf(digits[i]));
    }
    return sum;
  }

  /** The exponent of the lowest digit in use. */
  int exponent() {
    return LOWEST + 32 * Math.min(first, DIGITS - 1);
  }
}
