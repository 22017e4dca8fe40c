package io.fedstep.secure;

/** The mean {@code sum / (2^f · weight)}, rounded once, half to even; of a sum of zero 0.0. */
public final class MeanOfSum implements Means {
  /** Up to here a double has every whole number. */
  private static final long MOST_EXACT = 1L << 53;

  /** Bits by which a remainder below 2^33 can be shifted. */
  private static final int SHIFT = 29;

  /** With as many bits a quotient has more than any format keeps, and one that tells a tie. */
  private static final long ENOUGH = 1L << 55;

  /** The bits of a double that a float has not, and what they are half-way between two floats. */
  private static final long LOST = (1L << 29) - 1;

  private static final long HALF = 1L << 28;

  private final int fractionBits;
  private final long weight;

  /**
   * Means of sums.
   *
   * @param fractionBits 0 to 81
   * @param weight 1 to 2^33
   */
  public MeanOfSum(int fractionBits, long weight) {
    this.fractionBits = fractionBits;
    this.weight = weight;
  }

  @Override
  public double of(long sum) {
    if (Math.abs(sum) < MOST_EXACT) {
      return Math.scalb((double) sum / weight, -fractionBits);
    }
    return exact(sum);
  }

  @Override
  public float floatOf(long sum) {
    double mean = of(sum);
    if ((Double.doubleToRawLongBits(mean) & LOST) != HALF) {
      return (float) mean; // it is on the same side of every tie as the quotient
    }
    return exactFloat(sum);
  }

  private double exact(long sum) {
    var quotient = Quotient.of(Math.absExact(sum), weight);
    double mean = Math.scalb((double) quotient.bits, -fractionBits - quotient.shift);
    return sum < 0 ? -mean : mean;
  }

  private float exactFloat(long sum) {
    var quotient = Quotient.of(Math.absExact(sum), weight);
    float mean = Math.scalb((float) quotient.bits, -fractionBits - quotient.shift);
    return sum < 0 ? -mean : mean;
  }

  /**
   * At least 55 bits of a quotient, whose last bit is set too if it has more: {@code bits/2^shift}.
   */
  private record Quotient(long bits, int shift) {
    static Quotient of(long number, long divisor) {
      long bits = number / divisor;
      long rest = number % divisor;
      int shift = 0;
      while (bits < ENOUGH && rest != 0) {
        int by = Math.min(SHIFT, Long.numberOfLeadingZeros(bits) - 1);
        bits = bits << by | (rest << by) / divisor;
        rest = (rest << by) % divisor;
        shift += by;
      }
      return new Quotient(rest == 0 ? bits : bits | 1, shift);
    }
  }
}
