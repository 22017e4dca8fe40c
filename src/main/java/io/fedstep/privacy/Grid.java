package io.fedstep.privacy;

/**
 * The grid on which updates of norm {@code clip} have exactly the norm {@code σ / z} at the most,
 * after rounding.
 *
 * @param multiplier the noise's standard deviation in units of what one client changes, {@code z}
 * @param clip the L2 norm to which updates are cut
 * @param size coordinates of an update
 */
public record Grid(double multiplier, double clip, long size) {
  /** Rounding takes norms up a little: so much less is let in. */
  private static final double MARGIN = 1 - 0x1p-30;

  /** Steps of the grid for 1. */
  public double scale() {
    return (Noise.SCALE / multiplier - Math.sqrt((double) size) / 2) / clip;
  }

  /** What an update's values are multiplied by before they are rounded to the grid. */
  public double factor(double norm) {
    return Math.min(1, clip / norm) * MARGIN;
  }

  /** How many coordinates an update may have with so much noise. */
  public static double mostCoordinates(double multiplier) {
    return Noise.SCALE * Noise.SCALE / (multiplier * multiplier);
  }
}
