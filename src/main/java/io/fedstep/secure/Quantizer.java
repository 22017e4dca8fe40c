package io.fedstep.secure;

/**
 * The grid on which a member's values are whole numbers.
 *
 * @param clip the largest absolute value
 * @param fractionBits a step is 2 to the power of minus this
 */
public record Quantizer(double clip, int fractionBits) {
  /** The largest whole number, {@code floor(clip · 2^f)}. */
  public long bound() {
    return (long) Math.floor(Math.scalb(clip, fractionBits));
  }

  /** A finite value in steps of the grid, half to even, cut at the bound. */
  public long steps(double value) {
    double bound = bound();
    return (long) Math.clamp(Math.rint(Math.scalb(value, fractionBits)), -bound, bound);
  }

  /** Whether a value is beyond the clip. */
  public boolean isCut(double value) {
    return Math.abs(value) > clip;
  }
}
