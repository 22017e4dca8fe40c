package io.fedstep.privacy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The draws of {@link DiscreteGaussian} from words in an array. {@code E(γ)} is true if the first
 * of its trials that fails is an odd one; four trials are decided together and without a branch,
 * since a processor would guess half of those wrongly. A trial is {@code word - ⌊2^32 p⌋}: below 0
 * it succeeds. What is rare is left to the plain draw: ties, probabilities of 0, more words than
 * there are.
 */
final class QuickDraw {
  /** Added to a place, this is no draw. */
  private static final long NO_DRAW = Long.MIN_VALUE;

  /** Bytes behind a coordinate's words that may be read, and do not count. */
  static final int SLACK = 64;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final int WORD = Integer.BYTES;
  private static final long SCALE = 1L << 24;
  private static final int SQUARE_BITS = 49;

  private static final long ONE = 1L << 32;
  private static final long WORD_MASK = ONE - 1;

  /** {@code ⌈2^33 / 3⌉}: with it a third of 32 bits is a product. */
  private static final long TWO_THIRDS = 0xAAAAAAABL;

  /** Trials after which it is left to the plain draw. */
  private static final int MOST_TRIALS = 8;

  /** A number of trials that is not known: an even one, beyond all words. */
  private static final int FAR = 1 << 20;

  private QuickDraw() {}

  /** Whether this is no draw, but the place from which the plain one goes on. */
  static boolean isPlace(long draw) {
    return draw < NO_DRAW / 2;
  }

  /** That place. */
  static int place(long draw) {
    return (int) draw;
  }

  /** The draw from the words between two places, or a place ({@link #isPlace}). */
  static long draw(byte[] words, int begin, int end) {
    int last = begin;
    int at = begin;
    while (at < end) {
      last = at;
      long u = word(words, at) >>> 8;
      int failed = failed(words, at + WORD, u << 8);
      at += WORD + WORD * failed;
      if (isEven(failed)) {
        continue;
      }
      long magnitude = u - SCALE;
      do {
        magnitude += SCALE;
        failed = at < end ? failedOfOne(words, at) : FAR;
        at += WORD * (failed - 1);
      } while (!isEven(failed));
      if (at >= end || magnitude == 0) {
        break;
      }
      long sign = -(word(words, at) >>> 31);
      at += WORD;
      long square = (magnitude - SCALE) * (magnitude - SCALE);
      failed = 1;
      for (long whole = square >>> SQUARE_BITS; whole > 0 && !isEven(failed); whole--) {
        failed = at < end ? failedOfOne(words, at) : FAR;
        at += WORD * (failed - 1);
      }
      if (isEven(failed)) {
        continue;
      }
      failed = failed(words, at, (square & ((1L << SQUARE_BITS) - 1)) >>> (SQUARE_BITS - 32));
      at += WORD * failed;
      if (!isEven(failed) && at <= end) {
        return (magnitude ^ sign) - sign;
      }
    }
    return NO_DRAW + last;
  }

  private static boolean isEven(int failed) {
    return (failed & 1) == 0;
  }

  /** Which of the trials of {@code n / 2^32}, half of it, a third … is the first to fail. */
  private static int failed(byte[] words, int at, long n) {
    long first = pair(words, at);
    long second = pair(words, at + 2 * WORD);
    long x1 = (first >>> 32) - n;
    long x2 = (first & WORD_MASK) - (n >>> 1);
    long x3 = (second >>> 32) - ((n * TWO_THIRDS) >>> 33);
    long x4 = (second & WORD_MASK) - (n >>> 2);
    if (n * x1 * x2 * x3 * x4 == 0) { // or a multiple of 2^64, which is as rare
      return FAR;
    }
    long two = x1 & x2;
    long three = two & x3;
    return (three & x4) < 0
        ? failedLater(words, at, n, 5)
        : 1 + (int) ((x1 >>> 63) + (two >>> 63) + (three >>> 63));
  }

  /** The same of 1, whose first trial succeeds without a word. */
  private static int failedOfOne(byte[] words, int at) {
    long first = pair(words, at);
    long second = pair(words, at + 2 * WORD);
    long x2 = (first >>> 32) - ONE / 2;
    long x3 = (first & WORD_MASK) - ONE / 3;
    long x4 = (second >>> 32) - ONE / 4;
    long x5 = (second & WORD_MASK) - ONE / 5;
    if (x3 * x5 == 0) {
      return FAR;
    }
    long three = x2 & x3;
    long four = three & x4;
    return (four & x5) < 0
        ? failedLater(words, at - WORD, ONE, 6)
        : 2 + (int) ((x2 >>> 63) + (three >>> 63) + (four >>> 63));
  }

  /** The same from a trial on. */
  private static int failedLater(byte[] words, int at, long n, int from) {
    for (int k = from; k <= MOST_TRIALS; k++) {
      long x = word(words, at + WORD * (k - 1)) - n / k;
      if (x >= 0) {
        return x == 0 ? FAR : k;
      }
    }
    return FAR;
  }

  private static long word(byte[] words, int at) {
    return Integer.toUnsignedLong((int) INTS.get(words, at));
  }

  private static long pair(byte[] words, int at) {
    return (long) LONGS.get(words, at);
  }
}
