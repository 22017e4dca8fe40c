package io.fedstep.optim;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.List;
import java.util.Set;

/**
 * Adam: {@code m = beta_1 * m + (1 - beta_1) * g; v = beta_2 * v + (1 - beta_2) * g * g; out = (m /
 * (1 - beta_1^k)) / (sqrt(v / (1 - beta_2^k)) + eps)} in step {@code k}, as declearn's {@code
 * AdamModule} computes it (D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, 2014).
 * AMSGrad takes the largest {@code v / (1 - beta_2^k)} so far (S. Reddi et al., On the Convergence
 * of Adam and Beyond, 2018).
 *
 * @param beta1 decay of the mean, in [0, 1)
 * @param beta2 decay of the mean of squares, in [0, 1)
 * @param amsgrad whether to divide by the largest mean of squares so far
 * @param eps added to the root, above 0
 * @param biasCorrection whether both means are divided by what they are of 1, as declearn does;
 *     without, it is the Adam of S. Reddi et al., Adaptive Federated Optimization, 2021
 */
public record Adam(double beta1, double beta2, boolean amsgrad, double eps, boolean biasCorrection)
    implements OptiModule {
  /** declearn's defaults. */
  public static final Adam DEFAULT = new Adam(0.9, 0.99, false, 1e-7, true);

  /** Checks the ranges. */
  public Adam {
    AdamStep.check(beta1, beta2, eps);
  }

  @Override
  public String name() {
    return "adam";
  }

  @Override
  public List<Setting> config() {
    return AdamStep.config(beta1, beta2, amsgrad, eps, biasCorrection);
  }

  @Override
  public Set<String> keys() {
    return AdamStep.KEYS;
  }

  @Override
  public Adam with(Settings settings) {
    return new Adam(
        settings.number("beta_1", beta1),
        settings.number("beta_2", beta2),
        settings.flag("amsgrad", amsgrad),
        settings.number("eps", eps),
        settings.flag(AdamStep.BIAS_CORRECTION, biasCorrection));
  }

  @Override
  public List<StateEntry> state() {
    return AdamStep.state(amsgrad);
  }

  @Override
  public void run(Tile gradient, List<Tile> state, StepContext context) {
    int length = gradient.length();
    switch (gradient) {
      case FloatTile g -> square(g.values(), ((FloatTile) state.getLast()).values(), length);
      case DoubleTile g -> square(g.values(), ((DoubleTile) state.getLast()).values(), length);
    }
    new AdamStep(beta1, beta2, eps, biasCorrection, context).run(gradient, state);
  }

  private void square(float[] gradient, float[] velocity, int length) {
    float beta = (float) beta2;
    float rest = (float) (1 - beta2);
    for (int i = 0; i < length; i++) {
      velocity[i] = beta * velocity[i] + rest * (gradient[i] * gradient[i]);
    }
  }

  private void square(double[] gradient, double[] velocity, int length) {
    double rest = 1 - beta2;
    for (int i = 0; i < length; i++) {
      velocity[i] = beta2 * velocity[i] + rest * (gradient[i] * gradient[i]);
    }
  }
}
