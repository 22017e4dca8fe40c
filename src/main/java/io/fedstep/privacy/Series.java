package io.fedstep.privacy;

import java.util.Arrays;

/** Sums of series whose terms would overflow, or fall too slowly to be added up. */
final class Series {
  /** How many terms of an alternating series are enough for a double. */
  static final int TERMS = 40;

  private Series() {}

  /** The logarithm of the sum of what the given values are logarithms of. */
  static double logSum(double... logs) {
    double most = Arrays.stream(logs).max().orElseThrow();
    double sum = 0;
    for (double log : logs) {
      sum += StrictMath.exp(log - most);
    }
    return most + StrictMath.log(sum);
  }

  /**
   * The sum of {@code terms[from] - terms[from + 1] + …} with all terms behind {@link #TERMS} of a
   * completely monotone series (H. Cohen, F. Rodriguez Villegas, D. Zagier, Convergence
   * Acceleration of Alternating Series, 2000, algorithm 1).
   */
  static double alternating(double[] terms, int from) {
    double power = StrictMath.pow(3 + StrictMath.sqrt(8), TERMS);
    double all = (power + 1 / power) / 2;
    double b = -1;
    double c = -all;
    double sum = 0;
    for (int k = 0; k < TERMS; k++) {
      c = b - c;
      sum += c * terms[from + k];
      b = b * (k + TERMS) * (k - TERMS) / ((k + 0.5) * (k + 1));
    }
    return sum / all;
  }
}
