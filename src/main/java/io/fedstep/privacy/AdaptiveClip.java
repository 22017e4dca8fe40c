package io.fedstep.privacy;

/**
 * Moves the clip norm from round to round to where a share of the updates is not cut. The share is
 * counted with noise of its own, as one more coordinate (G. Andrew et al., Differentially Private
 * Learning with Adaptive Clipping, 2021).
 *
 * @param quantile the share of updates that is not to be cut, in (0, 1)
 * @param rate how far a round may move the norm: by at most {@code exp(rate)} without noise
 */
public record AdaptiveClip(double quantile, double rate) {
  /** Noise of so small a part of the divisor is on the count: a twentieth. */
  private static final double STEPS = 10;

  /** Checks the ranges. */
  public AdaptiveClip {
    if (!(quantile > 0 && quantile < 1)) {
      throw new IllegalArgumentException(
          "adaptive_clip.quantile is %s; 0 < quantile < 1 is needed".formatted(quantile));
    }
    if (!(rate > 0 && rate <= 1)) {
      throw new IllegalArgumentException(
          "adaptive_clip.rate is %s; 0 < rate <= 1 is needed".formatted(rate));
    }
  }

  /**
   * What the extra coordinate has for an update that was not cut, and minus for one that was.
   *
   * @param divisor what the round's sums are divided by
   */
  public static long height(double divisor) {
    return (long) Math.floor(STEPS * Noise.SCALE / divisor);
  }

  /**
   * The share of updates that were not cut, as far as noise shows it; it may be outside of [0, 1].
   *
   * @param indicator the extra coordinate's sum with its noise
   */
  public static double share(long indicator, double divisor) {
    return 0.5 + indicator / (2 * height(divisor) * divisor);
  }

  /** The clip norm of the next round. */
  public double next(double clip, double share) {
    return clip * StrictMath.exp(-rate * (share - quantile));
  }
}
