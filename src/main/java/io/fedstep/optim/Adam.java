package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Adam and Yogi: {@code m = beta_1 * m + (1 - beta_1) * g}, {@code v} by one of two formulas,
 * {@code out = (m / (1 - beta_1^k)) / (sqrt(v / (1 - beta_2^k)) + eps)} in step {@code k}, as
 * declearn's {@code AdamModule} and {@code YogiModule} compute it (D. Kingma, J. Ba, Adam: A Method
 * for Stochastic Optimization, 2014; M. Zaheer et al., Adaptive Methods for Nonconvex Optimization,
 * 2018). AMSGrad takes the largest {@code v / (1 - beta_2^k)} so far (S. Reddi et al., On the
 * Convergence of Adam and Beyond, 2018).
 *
 * @param squares how {@code v} advances, which is what the two differ in
 * @param beta1 decay of the mean, in [0, 1)
 * @param beta2 decay of the mean of squares, in [0, 1)
 * @param amsgrad whether to divide by the largest mean of squares so far
 * @param eps added to the root, above 0
 * @param biasCorrection whether both means are divided by what they are of 1, as declearn does;
 *     without, it is the Adam or Yogi of S. Reddi et al., Adaptive Federated Optimization, 2021
 */
public record Adam(
    MeanOfSquares squares,
    double beta1,
    double beta2,
    boolean amsgrad,
    double eps,
    boolean biasCorrection)
    implements OptiModule {
  /** Adam with declearn's defaults. */
  public static final Adam DEFAULT = new Adam(MeanOfSquares.ADAM, 0.9, 0.99, false, 1e-7, true);

  /** Yogi with declearn's defaults. */
  public static final Adam YOGI = new Adam(MeanOfSquares.YOGI, 0.9, 0.99, false, 1e-7, true);

  private static final String BIAS_CORRECTION = "bias_correction";

  /** Checks the ranges. */
  public Adam {
    Ranges.beta("beta_1", beta1);
    Ranges.beta("beta_2", beta2);
    Ranges.eps(eps);
  }

  @Override
  public String name() {
    return squares.module();
  }

  /** As declearn writes it; what declearn does not know is there where it matters. */
  @Override
  public List<Setting> config() {
    var config = new ArrayList<Setting>();
    config.add(new Setting("beta_1", beta1));
    config.add(new Setting("beta_2", beta2));
    config.add(new Setting("amsgrad", amsgrad));
    config.add(new Setting("eps", eps));
    if (!biasCorrection) {
      config.add(new Setting(BIAS_CORRECTION, false));
    }
    return config;
  }

  @Override
  public Set<String> keys() {
    return Set.of("beta_1", "beta_2", "amsgrad", "eps", BIAS_CORRECTION);
  }

  @Override
  public Adam with(Settings settings) {
    return new Adam(
        squares,
        settings.number("beta_1", beta1),
        settings.number("beta_2", beta2),
        settings.flag("amsgrad", amsgrad),
        settings.number("eps", eps),
        settings.flag(BIAS_CORRECTION, biasCorrection));
  }

  @Override
  public List<StateEntry> state() {
    return List.of(
        new StateEntry.Steps("steps"),
        amsgrad ? new StateEntry.Values("vmax", true, true, false) : new StateEntry.Nothing("vmax"),
        new StateEntry.Group("momentum", List.of(StateEntry.values("state"))),
        new StateEntry.Group("velocity", List.of(StateEntry.squares("state"))));
  }

  @Override
  public void run(Tile gradient, List<Tile> state, StepContext context) {
    boolean first = context.first();
    double ofMean = correction(beta1, context);
    double ofSquares = correction(beta2, context);
    Tile mean = state.get(state.size() - 2);
    Tile velocity = state.getLast();
    gradient.run(
        velocity,
        (g, v, length) -> squares.advance(g, v, length, beta2, first),
        (g, v, length) -> squares.advance(g, v, length, beta2, first));
    gradient.run(
        mean,
        (g, m, length) -> average(g, m, ofMean, length),
        (g, m, length) -> average(g, m, ofMean, length));
    if (amsgrad) {
      Tile largest = state.getFirst();
      velocity.run(
          largest,
          (v, most, length) -> largest(v, most, ofSquares, first, length),
          (v, most, length) -> largest(v, most, ofSquares, first, length));
      divide(gradient, largest, 1);
    } else {
      divide(gradient, velocity, ofSquares);
    }
  }

  private double correction(double beta, StepContext context) {
    return biasCorrection ? 1 - Math.pow(beta, (double) context.count()) : 1;
  }

  private void divide(Tile gradient, Tile by, double correction) {
    gradient.run(
        by,
        (g, v, length) -> divide(g, v, correction, length),
        (g, v, length) -> divide(g, v, correction, length));
  }

  /** The gradient becomes the corrected mean. */
  private void average(float[] gradient, float[] mean, double corrects, int length) {
    float beta = (float) beta1;
    float rest = (float) (1 - beta1);
    float correction = (float) corrects;
    for (int i = 0; i < length; i++) {
      float m = beta * mean[i] + rest * gradient[i];
      mean[i] = m;
      gradient[i] = m / correction;
    }
  }

  private void average(double[] gradient, double[] mean, double correction, int length) {
    double rest = 1 - beta1;
    for (int i = 0; i < length; i++) {
      double m = beta1 * mean[i] + rest * gradient[i];
      mean[i] = m;
      gradient[i] = m / correction;
    }
  }

  private static void largest(
      float[] squares, float[] largest, double corrects, boolean first, int length) {
    float correction = (float) corrects;
    for (int i = 0; i < length; i++) {
      float v = squares[i] / correction;
      largest[i] = first || v > largest[i] ? v : largest[i];
    }
  }

  private static void largest(
      double[] squares, double[] largest, double correction, boolean first, int length) {
    for (int i = 0; i < length; i++) {
      double v = squares[i] / correction;
      largest[i] = first || v > largest[i] ? v : largest[i];
    }
  }

  private void divide(float[] mean, float[] squares, double corrects, int length) {
    float correction = (float) corrects;
    float eps = (float) this.eps;
    for (int i = 0; i < length; i++) {
      mean[i] /= (float) Math.sqrt(squares[i] / correction) + eps;
    }
  }

  private void divide(double[] mean, double[] squares, double correction, int length) {
    for (int i = 0; i < length; i++) {
      mean[i] /= Math.sqrt(squares[i] / correction) + eps;
    }
  }
}
