package io.fedstep.secure;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/** How many bits behind the point fit the words of a sum, and how many members have to answer. */
public final class FractionBits {
  /** With fewer a spec is refused. */
  public static final int LEAST = 8;

  private FractionBits() {}

  /** The largest {@code f} with {@code members · maxWeight · clip · 2^f < 2^(bits - 1)}. */
  public static int of(int members, long maxWeight, double clip, int bits) {
    // |x| < 2^(bits - 1) / 2^f is the same for the smallest whole 2^k above x, f = bits - 1 - k
    BigDecimal most =
        new BigDecimal(clip)
            .multiply(BigDecimal.valueOf(members))
            .multiply(BigDecimal.valueOf(maxWeight));
    int shift = 64; // so that what is below 1 becomes a whole number with its fraction cut off
    BigInteger whole =
        most.multiply(new BigDecimal(BigInteger.ONE.shiftLeft(shift)))
            .setScale(0, RoundingMode.FLOOR)
            .toBigInteger();
    return bits - 1 - (whole.bitLength() - shift);
  }

  /**
   * {@code floor(threshold · members) + 1}, exactly, with the shortest decimal that reads back to
   * the threshold.
   */
  public static int threshold(int members, double threshold) {
    return new BigDecimal(Double.toString(threshold))
            .multiply(BigDecimal.valueOf(members))
            .toBigInteger()
            .intValueExact()
        + 1;
  }
}
