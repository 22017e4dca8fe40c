package io.fedstep.privacy;

import java.util.Arrays;

/**
 * The Rényi divergence of Gaussian noise over a sum to which each client contributes with a
 * probability (I. Mironov, K. Talwar, L. Zhang, Rényi Differential Privacy of the Sampled Gaussian
 * Mechanism, 2019, section 3.3).
 *
 * @param multiplier the noise's standard deviation, in units of the largest change by one client
 * @param share the probability, in (0, 1)
 */
record SampledGaussian(double multiplier, double share) {
  /** The divergence at an order above 1. */
  double divergence(double order) {
    return logMoment(order) / (order - 1);
  }

  /** The logarithm of the moment of that order. */
  double logMoment(double order) {
    return order == Math.rint(order) ? wholeMoment((int) order) : fractionalMoment(order);
  }

  /** The binomial sum without its factors' 1s, which are 1 together: nothing cancels. */
  private double wholeMoment(int order) {
    double[] logs = new double[order - 1];
    double logBinomial = StrictMath.log(order);
    for (int i = 2; i <= order; i++) {
      logBinomial += StrictMath.log((order - i + 1.0) / i);
      double exponent = exponent(i);
      double logOfExpm1 = exponent + StrictMath.log(-StrictMath.expm1(-exponent));
      logs[i - 2] = logBinomial + logShares(order, i) + logOfExpm1;
    }
    double log = Series.logSum(logs);
    return log > 0
        ? log + StrictMath.log1p(StrictMath.exp(-log))
        : StrictMath.log1p(StrictMath.exp(log));
  }

  /** Two series; the signs of the binomials, and so of both, alternate beyond the order. */
  private double fractionalMoment(double order) {
    int positive = (int) order + 2;
    double split = 0.5 + multiplier * multiplier * (logOfOut() - StrictMath.log(share));
    double logScale = order * logOfOut() + MillsRatio.logDensity(split / multiplier);
    double[] logs = new double[positive + Series.TERMS];
    double logBinomial = 0;
    for (int i = 0; i < logs.length; i++) {
      if (i > 0) {
        logBinomial += StrictMath.log(Math.abs(order - i + 1) / i);
      }
      double rest = order - i;
      double left = logPart(order, i, (i - split) / multiplier, logScale);
      double right = logPart(order, rest, (split - rest) / multiplier, logScale);
      logs[i] = logBinomial + Series.logSum(left, right);
    }
    double most = Arrays.stream(logs).max().orElseThrow();
    double[] terms = Arrays.stream(logs).map(log -> StrictMath.exp(log - most)).toArray();
    double sum = Arrays.stream(terms, 0, positive).sum();
    return most + StrictMath.log(sum - Series.alternating(terms, positive));
  }

  /**
   * What a term has beside its binomial: the part of a density on one side of the split. Beyond
   * {@code u = 0} all exponents but one are the same for all terms.
   */
  private double logPart(double order, double power, double u, double logScale) {
    return u > 0
        ? logScale + MillsRatio.log(u)
        : logShares(order, power) + exponent(power) + MillsRatio.logBelow(-u);
  }

  private double logShares(double order, double power) {
    return (order - power) * logOfOut() + power * StrictMath.log(share);
  }

  private double logOfOut() {
    return StrictMath.log1p(-share);
  }

  private double exponent(double power) {
    return (power * power - power) / (2 * multiplier * multiplier);
  }
}
