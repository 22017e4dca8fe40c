package io.fedstep.aggregate;

import java.math.BigInteger;

/**
 * The weighted mean by integer arithmetic without any rounding until the last: the definition, and
 * the way for the coordinates that cheaper arithmetic cannot prove.
 */
final class ExactMean {
  private final long[] mantissas;
  private final int[] exponents;
  private final BigInteger total;
  private final int totalExponent;

  /** A mean by these weights, finite and above 0. */
  ExactMean(double[] weights) {
    mantissas = new long[weights.length];
    exponents = new int[weights.length];
    var sum = new ExactSum();
    for (int i = 0; i < weights.length; i++) {
      mantissas[i] = ExactSum.mantissa(weights[i]);
      exponents[i] = ExactSum.exponent(weights[i]);
      sum.add(mantissas[i], exponents[i], 1, 0);
    }
    total = sum.mantissa();
    totalExponent = sum.exponent();
  }

  /** The mean at {@code index}, rounded to float (and widened), half to even. */
  double ofFloats(Rows rows, int index) {
    return mean(rows, index, 24, -149);
  }

  /** The mean at {@code index}, rounded to double, half to even. */
  double ofDoubles(Rows rows, int index) {
    return mean(rows, index, 53, -1074);
  }

  private double mean(Rows rows, int index, int precision, int lowest) {
    var sum = new ExactSum();
    boolean negativeZeros = true;
    for (int row = 0; row < rows.count(); row++) {
      double value = rows.value(row, index);
      if (value == 0) {
        negativeZeros &= Double.doubleToRawLongBits(value) != 0;
      } else {
        negativeZeros = false;
        sum.add(ExactSum.mantissa(value), ExactSum.exponent(value), mantissas[row], exponents[row]);
      }
    }
    BigInteger numerator = sum.mantissa();
    if (numerator.signum() == 0) {
      return negativeZeros ? -0.0 : 0.0;
    }
    return quotient(numerator, total, sum.exponent() - totalExponent, precision, lowest);
  }

  /** A mean from its exact sums, the second above 0: {@code sum / total}, rounded to double. */
  static double quotient(ExactSum sum, ExactSum total) {
    BigInteger numerator = sum.mantissa();
    return numerator.signum() == 0
        ? 0
        : quotient(numerator, total.mantissa(), sum.exponent() - total.exponent(), 53, -1074);
  }

  /** {@code signed * 2^exponent / total}, to {@code precision} bits not below 2^lowest. */
  private static double quotient(
      BigInteger signed, BigInteger total, int exponent, int precision, int lowest) {
    BigInteger numerator = signed.abs();
    // scaled so that the integer quotient has at least one bit more than the result
    int shift = precision + 1 + total.bitLength() - numerator.bitLength();
    BigInteger[] parts = divide(numerator, total, shift);
    int drop = Math.max(parts[0].bitLength() - precision, lowest - (exponent - shift));
    BigInteger kept = parts[0].shiftRight(drop);
    if (parts[0].testBit(drop - 1)) {
      boolean above = parts[1].signum() != 0 || parts[0].getLowestSetBit() < drop - 1;
      if (above || kept.testBit(0)) {
        kept = kept.add(BigInteger.ONE);
      }
    }
    double magnitude = Math.scalb(kept.doubleValue(), exponent - shift + drop);
    return signed.signum() < 0 ? -magnitude : magnitude;
  }

  private static BigInteger[] divide(BigInteger numerator, BigInteger total, int shift) {
    return shift >= 0
        ? numerator.shiftLeft(shift).divideAndRemainder(total)
        : numerator.divideAndRemainder(total.shiftLeft(-shift));
  }
}
