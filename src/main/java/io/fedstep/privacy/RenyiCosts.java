package io.fedstep.privacy;

import java.util.stream.IntStream;

/** What rounds with sampling cost, by the Rényi divergence of one at each order. */
final class RenyiCosts {
  private static final double[] ORDERS =
      IntStream.concat(
              IntStream.rangeClosed(11, 109),
              IntStream.concat(
                  IntStream.rangeClosed(11, 63).map(order -> 10 * order),
                  IntStream.of(1280, 2560, 5120, 10240)))
          .mapToDouble(tenths -> tenths / 10.0)
          .toArray();

  private final double[] divergences;

  RenyiCosts(double multiplier, double share) {
    var round = new SampledGaussian(multiplier, share);
    divergences =
        IntStream.range(0, ORDERS.length).mapToDouble(i -> round.divergence(ORDERS[i])).toArray();
  }

  /** The least that any order gives. */
  Cost of(long rounds, double delta) {
    var best = new Cost(Double.POSITIVE_INFINITY, ORDERS[0]);
    for (int i = 0; i < ORDERS.length; i++) {
      double epsilon = epsilon(rounds * divergences[i], ORDERS[i], delta);
      if (epsilon < best.epsilon()) {
        best = new Cost(epsilon, ORDERS[i]);
      }
    }
    return best;
  }

  /**
   * From a divergence to ε (C. Canonne, G. Kamath, T. Steinke, The Discrete Gaussian for
   * Differential Privacy, 2020, proposition 12).
   */
  static double epsilon(double divergence, double order, double delta) {
    double epsilon =
        divergence
            + StrictMath.log1p(-1 / order)
            - (StrictMath.log(delta) + StrictMath.log(order)) / (order - 1);
    return Math.max(0, epsilon);
  }
}
