package io.fedstep.privacy;

/**
 * Exact draws from the discrete Gaussian of scale 2^24, in whole numbers alone (C. Canonne, G.
 * Kamath, T. Steinke, The Discrete Gaussian for Differential Privacy, 2020, algorithms 1 to 3).
 * Which words a draw takes, and in which order, is part of what it is.
 */
final class DiscreteGaussian {
  private static final int SCALE_BITS = 24;
  private static final long SCALE = 1L << SCALE_BITS;

  private DiscreteGaussian() {}

  /** One draw. */
  static long draw(Words words) {
    while (true) {
      long u = words.next() >>> (32 - SCALE_BITS);
      // γ / k of U / 2^24 in 32-bit digits: ⌊2^8 U / k⌋, and so on
      if (!isTrueUpToOne(u << (32 - SCALE_BITS), 1, words)) {
        continue;
      }
      long v = 0;
      while (isTrueOfOne(words)) {
        v++;
      }
      boolean minus = words.next() >>> 31 == 1;
      long magnitude = Math.addExact(u, Math.multiplyExact(v, SCALE));
      if (minus && magnitude == 0) {
        continue;
      }
      long off = magnitude - SCALE;
      if (isTrueOfSquare(Math.multiplyExact(off, off), words)) {
        return minus ? -magnitude : magnitude;
      }
    }
  }

  /** True with probability {@code exp(-square / 2^49)}. */
  private static boolean isTrueOfSquare(long square, Words words) {
    int bits = 2 * SCALE_BITS + 1;
    long whole = square >>> bits;
    long rest = square & ((1L << bits) - 1);
    for (long i = 0; i < whole; i++) {
      if (!isTrueOfOne(words)) {
        return false;
      }
    }
    return isTrueUpToOne(rest, 1L << (bits - 32), words);
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
