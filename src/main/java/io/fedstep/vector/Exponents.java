package io.fedstep.vector;

/**
 * Between which powers of two the magnitudes of float32 values lie, zeros aside, as biased
 * exponents: 1 for 2^-126, 0 below that.
 *
 * @param least no value has a lower one
 * @param most no value has a higher one
 */
public record Exponents(int least, int most) {
  /** Those of zeros. */
  public static final Exponents NONE = new Exponents(255, 0);

  /** Those of values of which nothing is known. */
  public static final Exponents ANY = new Exponents(0, 255);

  private static final int MAGNITUDE = 0x7fffffff;
  private static final int MANTISSA_BITS = 23;

  /** Those of {@code count} values with these bits, from {@code from} on. */
  public static Exponents of(int[] bits, int from, int count) {
    int least = MAGNITUDE;
    int most = 0;
    for (int i = from; i < from + count; i++) {
      int magnitude = bits[i] & MAGNITUDE;
      least = Math.min(least, (magnitude - 1) & MAGNITUDE); // one less, which puts zero above all
      most = Math.max(most, magnitude);
    }
    int exponent = Math.min((least + 1) >>> MANTISSA_BITS, NONE.least);
    return new Exponents(exponent, most >>> MANTISSA_BITS);
  }

  /** Those of these values and others together. */
  public Exponents and(Exponents others) {
    return new Exponents(Math.min(least, others.least), Math.max(most, others.most));
  }

  /** Those of the values times a factor above 0, up to 1, rounded to float32. */
  public Exponents times(double factor) {
    int exponent = Math.getExponent(factor);
    return new Exponents(
        Math.clamp(least + exponent, 0, 255), Math.clamp(most + exponent + 1, 0, 255));
  }

  /** A power of two of which every value is a multiple. */
  public double lastPlace() {
    return Math.scalb(1.0, Math.max(least, 1) - 150);
  }

  /** A power of two that no magnitude exceeds. */
  public double bound() {
    return Math.scalb(1.0, most - 126);
  }
}
