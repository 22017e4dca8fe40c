package io.fedstep.vector;

import java.util.stream.DoubleStream;

/**
 * Sums of squares on their way to an L2 norm, each as one double: where the sum fits one well it is
 * the sum; where squares overflow or vanish it is the norm itself, negated. What fits keeps the
 * bits of plain addition.
 */
public final class Squares {
  /** Sums that do not wait for each other, enough for the compiler to vectorize them. */
  static final int SUMS = 256;

  /** Below, squares may have lost bits. */
  private static final double LEAST = 0x1p-900;

  /** Above, squares have overflowed. */
  private static final double MOST = Double.MAX_VALUE;

  private Squares() {}

  /** The sums of a tile together: the order is part of what a norm is. */
  static double inOrder(double[] sums) {
    double all = 0;
    for (double sum : sums) {
      all += sum;
    }
    return all;
  }

  /** The sum of the squares of values, whose plain sum of squares is given. */
  static double of(double plain, double[] values, int length) {
    if ((plain >= LEAST && plain <= MOST) || Double.isNaN(plain)) {
      return plain;
    }
    double largest = 0;
    for (int i = 0; i < length; i++) {
      largest = Math.max(largest, Math.abs(values[i]));
    }
    return largest == 0 || largest == Double.POSITIVE_INFINITY
        ? plain
        : -scaledNorm(values, length, Math.getExponent(largest));
  }

  private static double scaledNorm(double[] values, int length, int exponent) {
    // two factors: one alone may be beyond a double
    double once = Math.scalb(1.0, -exponent / 2);
    double again = Math.scalb(1.0, -exponent - -exponent / 2);
    double sum = 0;
    for (int i = 0; i < length; i++) {
      double value = values[i] * once * again;
      sum += value * value;
    }
    return Math.scalb(Math.sqrt(sum), exponent);
  }

  /** Two sums together. */
  public static double add(double a, double b) {
    double plain = a + b;
    if (a >= 0 && b >= 0 && plain <= MOST) {
      return plain;
    }
    double norm = Math.hypot(norm(a), norm(b));
    double square = norm * norm;
    return norm < 1 && square >= LEAST ? square : -norm; // what has overflowed stays so
  }

  /** The norm of what a sum is of; NaN or infinite where the values are not finite. */
  public static double norm(double sum) {
    return sum < 0 ? -sum : Math.sqrt(sum);
  }

  /** The norm of what several sums are of. */
  public static double norm(DoubleStream sums) {
    double[] all = sums.toArray();
    double plain = DoubleStream.of(all).sum();
    return DoubleStream.of(all).allMatch(sum -> sum >= 0) && plain <= MOST
        ? Math.sqrt(plain)
        : norm(DoubleStream.of(all).reduce(0, Squares::add));
  }
}
