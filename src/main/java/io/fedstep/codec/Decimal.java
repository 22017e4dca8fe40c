package io.fedstep.codec;

import java.math.BigInteger;

/**
 * Decimals as the nearest double, where one multiplication of 64 bits proves which that is: all but
 * one in a thousand.
 *
 * <p>It is the first step of D. Lemire, Number Parsing at a Gigabyte per Second, Software: Practice
 * and Experience 51 (2021). Both ends of the error interval have to round to the same double.
 */
final class Decimal {
  /** So that every product is a normal double. */
  private static final int LEAST_EXPONENT = -300;

  private static final int MOST_EXPONENT = 288;

  /** The highest 64 bits of each power of ten. */
  private static final long[] POWERS = new long[MOST_EXPONENT - LEAST_EXPONENT + 1];

  static {
    for (int exponent = LEAST_EXPONENT; exponent <= MOST_EXPONENT; exponent++) {
      BigInteger power = BigInteger.TEN.pow(Math.abs(exponent));
      int bits = power.bitLength();
      BigInteger highest =
          exponent < 0
              ? BigInteger.ONE.shiftLeft(63 + bits).divide(power)
              : power.shiftLeft(64).shiftRight(bits);
      POWERS[exponent - LEAST_EXPONENT] = highest.longValue();
    }
  }

  private Decimal() {}

  /** {@code digits * 10^exponent}, digits unsigned; NaN where the nearest double is not proven. */
  static double nearest(long digits, int exponent) {
    if (digits == 0) {
      return 0;
    }
    if (exponent < LEAST_EXPONENT || exponent > MOST_EXPONENT) {
      return Double.NaN;
    }
    int shift = Long.numberOfLeadingZeros(digits);
    long power = POWERS[exponent - LEAST_EXPONENT];
    long product =
        Math.unsignedMultiplyHigh(digits << shift, power); // the exact one: less than 2 above
    int low = 10 + (int) (product >>> 63); // bits below a double's 53
    long half = 1L << (low - 1);
    long rest = product & (2 * half - 1);
    if (rest == half || rest == half - 1) {
      return Double.NaN;
    }
    long rounded = (product >>> low) + (rest > half ? 1 : 0); // 2^52 to 2^53
    long powerOfTwo = 53L + low + log2(exponent) - shift;
    return Double.longBitsToDouble(((powerOfTwo + Double.MAX_EXPONENT - 1) << 52) + rounded);
  }

  /** The exponent of two of a power of ten, rounded down. */
  private static int log2(int exponent) {
    return (exponent * 217_706) >> 16;
  }
}
