package io.fedstep.optim;

/** The ranges of hyper-parameters. */
final class Ranges {
  private Ranges() {}

  static void beta(String key, double beta) {
    if (!(beta >= 0 && beta < 1)) {
      throw new IllegalArgumentException(
          "%s is %s; 0 <= %s < 1 is needed".formatted(key, beta, key));
    }
  }

  static void eps(double eps) {
    above("eps", eps);
  }

  static void above(String key, double value) {
    if (!(value > 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(
          "%s is %s; a finite %s > 0 is needed".formatted(key, value, key));
    }
  }

  static void atLeastZero(String key, double value) {
    if (!(value >= 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(
          "%s is %s; a finite %s >= 0 is needed".formatted(key, value, key));
    }
  }

  static void atLeastOne(String key, long value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s is %s; it is at least 1".formatted(key, value));
    }
  }
}
