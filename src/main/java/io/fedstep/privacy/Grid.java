package io.fedstep.privacy;

/**
 * The grid on which updates of norm {@code clip} have exactly the norm {@code σ / z} at the most,
 * after rounding.
 *
 * @param multiplier the noise's standard deviation in units of what one client changes, {@code z}
 * @param clip the L2 norm to which updates are cut
 * @param size coordinates of an update
 * @param indicator what one more coordinate has, up or down, that shares the norm; 0 without one
 */
public record Grid(double multiplier, double clip, long size, long indicator) {
  /** Rounding takes norms up a little: so much less is let in. */
  private static final double MARGIN = 1 - 0x1p-30;

  /** Steps of the grid for 1. */
  public double scale() {
    double all = Noise.SCALE / multiplier;
    double rest = indicator == 0 ? all : Math.sqrt(all * all - (double) indicator * indicator);
    return (rest - Math.sqrt((double) size) / 2) / clip;
  }

  /** What an update's values are multiplied by before they are rounded to the grid. */
  public double factor(double norm) {
    return Math.min(1, clip / norm) * MARGIN;
  }

  /**
   * The largest absolute value of a coordinate of a sum of so many updates with noise of their own:
   * twelve standard deviations of a whole sum's noise for each are far beyond what they reach.
   */
  public long mostOfSum(int updates) {
    return (long) (updates * (Noise.SCALE / multiplier + 12 * Noise.SCALE));
  }

  /** How many coordinates an update may have with so much noise. */
  public static double mostCoordinates(double multiplier) {
    return Noise.SCALE * Noise.SCALE / (multiplier * multiplier);
  }
}
