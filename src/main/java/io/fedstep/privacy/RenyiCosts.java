package io.fedstep.privacy;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
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

  /** How many rounds' divergences are kept: a model's is asked for whenever its spec is read. */
  private static final int KEPT = 64;

  private static final Map<SampledGaussian, RenyiCosts> MADE =
      Collections.synchronizedMap(
          new LinkedHashMap<>(KEPT, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<SampledGaussian, RenyiCosts> eldest) {
              return size() > KEPT;
            }
          });

  private final double[] divergences;

  /** The costs of a kind of rounds; they take milliseconds to make. */
  static RenyiCosts ofRound(double multiplier, double share) {
    var round = new SampledGaussian(multiplier, share);
    RenyiCosts made = MADE.get(round);
    if (made == null) {
      made = new RenyiCosts(round);
      MADE.put(round, made);
    }
    return made;
  }

  private RenyiCosts(SampledGaussian round) {
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
