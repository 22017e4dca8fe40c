package io.fedstep.privacy;

import java.math.BigInteger;

/**
 * Exact draws from the discrete Gaussian of variance {@code 2^48 / parts}, in whole numbers alone
 * (C. Canonne, G. Kamath, T. Steinke, The Discrete Gaussian for Differential Privacy, 2020,
 * algorithms 1 to 3). Which words a draw takes, and in which order, is part of what it is.
 *
 * <p>A draw is one of the discrete Laplace distribution of scale {@code 2^k}, the next power of two
 * above the standard deviation, and is taken with probability {@code exp(-(parts |Y| - 2^(48-k))^2
 * / (2^49 parts))}.
 */
final class DiscreteGaussian {
  /** Bits of the standard deviation of all parts together. */
  private static final int SCALE_BITS = 24;

  private static final int SQUARE_BITS = 2 * SCALE_BITS + 1;

  /** The most parts: as many as a round has members. */
  static final int MOST_PARTS = 255;

  /** The square of what is below is a long. */
  private static final long MOST_SQUARED = 1L << 31;

  private final int parts;
  private final int bits;

  /** Draws of a variance that so many add up to {@code 2^48}. */
  DiscreteGaussian(int parts) {
    if (parts < 1 || parts > MOST_PARTS) {
      throw new IllegalArgumentException(
          "%s parts of noise; 1 to %s are allowed".formatted(parts, MOST_PARTS));
    }
    this.parts = parts;
    bits = SCALE_BITS - (31 - Integer.numberOfLeadingZeros(parts)) / 2;
  }

  /** One draw. */
  long draw(Words words) {
    long scale = 1L << bits;
    while (true) {
      long u = words.next() >>> (32 - bits);
      // γ / k of U / 2^24 in 32-bit digits: ⌊2^8 U / k⌋, and so on
      if (!isTrueUpToOne(u << (32 - bits), 1, words)) {
        continue;
      }
      long v = 0;
      while (isTrueOfOne(words)) {
        v++;
      }
      boolean minus = words.next() >>> 31 == 1;
      long magnitude = Math.addExact(u, Math.multiplyExact(v, scale));
      if (minus && magnitude == 0) {
        continue;
      }
      long off = Math.multiplyExact(magnitude, parts) - (1L << (2 * SCALE_BITS - bits));
      if (isTrueOfSquare(off, words)) {
        return minus ? -magnitude : magnitude;
      }
    }
  }

  /** True with probability {@code exp(-off^2 / (2^49 parts))}. */
  private boolean isTrueOfSquare(long off, Words words) {
    long divisor = (long) parts << SQUARE_BITS;
    long whole;
    long rest;
    if (Math.abs(off) < MOST_SQUARED) {
      whole = off * off / divisor;
      rest = off * off % divisor;
    } else {
      BigInteger[] exponent =
          BigInteger.valueOf(off).pow(2).divideAndRemainder(BigInteger.valueOf(divisor));
      whole = exponent[0].longValueExact();
      rest = exponent[1].longValueExact();
    }
    for (long i = 0; i < whole; i++) {
      if (!isTrueOfOne(words)) {
        return false;
      }
    }
    return isTrueUpToOne(rest, divisor >>> 32, words);
  }

  private static boolean isTrueOfOne(Words words) {
    return isTrueUpToOne(1L << 32, 1, words);
  }

  /** True with probability {@code exp(-n / (2^32 m))}, which is an exponent of at most 1. */
  private static boolean isTrueUpToOne(long n, long m, Words words) {
    for (int k = 1; ; k++) {
      if (!trial(n, m * k, words)) {
        return k % 2 == 1;
      }
    }
  }

  /** Whether a number in [0, 1), whose digits are the words, is below {@code n / (2^32 m)}. */
  private static boolean trial(long n, long m, Words words) {
    if (n >= m << 32) {
      return true;
    }
    long left = n;
    while (left != 0) {
      long product = words.next() * m;
      if (product > left) {
        return false;
      }
      if (product + m <= left) {
        return true;
      }
      left = (left - product) << 32; // a digit that is equal leaves the question to the next
    }
    return false;
  }
}
