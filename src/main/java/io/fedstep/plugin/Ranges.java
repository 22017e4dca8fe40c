package io.fedstep.plugin;

/**
 * The ranges of settings; what is out of one is an {@code IllegalArgumentException} that says so.
 */
public final class Ranges {
  private Ranges() {}

  /** At least 0 and below 1. */
  public static void beta(String key, double beta) {
    if (!(beta >= 0 && beta < 1)) {
      throw new IllegalArgumentException(
          "%s is %s; 0 <= %s < 1 is needed".formatted(key, beta, key));
    }
  }

  /** Finite and above 0, by the key {@code eps}. */
  public static void eps(double eps) {
    above("eps", eps);
  }

  /** Finite and above 0. */
  public static void above(String key, double value) {
    if (!(value > 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(
          "%s is %s; a finite %s > 0 is needed".formatted(key, value, key));
    }
  }

  /** Finite and at least 0. */
  public static void atLeastZero(String key, double value) {
    if (!(value >= 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(
          "%s is %s; a finite %s >= 0 is needed".formatted(key, value, key));
    }
  }

  /** At least 1. */
  public static void atLeastOne(String key, long value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s is %s; it is at least 1".formatted(key, value));
    }
  }
}
