package io.fedstep.privacy;

/**
 * The exact privacy of Gaussian noise, {@code δ(ε) = Φ(μ/2 - ε/μ) - e^ε Φ(-μ/2 - ε/μ)}, in the log
 * domain (B. Balle, Y.-X. Wang, Improving the Gaussian Mechanism for Differential Privacy, 2018; J.
 * Dong, A. Roth, W. Su, Gaussian Differential Privacy, 2022).
 */
final class GaussianCurve {
  private GaussianCurve() {}

  /** The least ε of noise with the given μ at δ. */
  static double epsilon(double mu, double delta) {
    double logDelta = StrictMath.log(delta);
    if (logDelta(mu, 0) <= logDelta) {
      return 0;
    }
    double below = 0;
    double above = mu * mu + mu;
    while (logDelta(mu, above) > logDelta) {
      below = above;
      above *= 2;
    }
    for (double middle = (below + above) / 2;
        middle > below && middle < above;
        middle = (below + above) / 2) {
      if (logDelta(mu, middle) > logDelta) {
        below = middle;
      } else {
        above = middle;
      }
    }
    return above;
  }

  /** As {@code φ(a) = e^ε φ(b)}, the difference of the tails is that of two Mills ratios. */
  private static double logDelta(double mu, double epsilon) {
    double a = epsilon / mu - mu / 2;
    double b = epsilon / mu + mu / 2;
    double logOfA = MillsRatio.log(a);
    double difference = -StrictMath.expm1(MillsRatio.log(b) - logOfA);
    return MillsRatio.logDensity(a) + logOfA + StrictMath.log(difference);
  }
}
