package io.fedstep.aggregate;

/**
 * A weighted mean of single numbers that come one after the other: from exact sums, rounded once.
 * Zero is 0.0, whatever the signs of the zeros in it.
 */
public final class MetricMean {
  private final ExactSum sum = new ExactSum();
  private final ExactSum total = new ExactSum();

  /** Adds a finite value of a finite weight above 0. */
  public void add(double weight, double value) {
    long mantissa = ExactSum.mantissa(weight);
    int exponent = ExactSum.exponent(weight);
    sum.add(ExactSum.mantissa(value), ExactSum.exponent(value), mantissa, exponent);
    total.add(mantissa, exponent, 1, 0);
  }

  /** The mean of what was added, at least one value. */
  public double value() {
    return ExactMean.quotient(sum, total);
  }
}
