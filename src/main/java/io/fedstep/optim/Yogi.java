package io.fedstep.optim;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.List;
import java.util.Set;

/**
 * Yogi: Adam with {@code v = v - sign(v - g * g) * (1 - beta_2) * g * g}, as declearn's {@code
 * YogiModule} computes it (M. Zaheer et al., Adaptive Methods for Nonconvex Optimization, 2018).
 *
 * @param beta1 decay of the mean, in [0, 1)
 * @param beta2 of the mean of squares, in [0, 1)
 * @param amsgrad whether to divide by the largest mean of squares so far
 * @param eps added to the root, above 0
 * @param biasCorrection whether both means are divided by what they are of 1, as declearn does;
 *     without, it is the Yogi of S. Reddi et al., Adaptive Federated Optimization, 2021
 */
public record Yogi(double beta1, double beta2, boolean amsgrad, double eps, boolean biasCorrection)
    implements OptiModule {
  /** declearn's defaults. */
  public static final Yogi DEFAULT = new Yogi(0.9, 0.99, false, 1e-7, true);

  /** Checks the ranges. */
  public Yogi {
    AdamStep.check(beta1, beta2, eps);
  }

  @Override
  public String name() {
    return "yogi";
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
  public Yogi with(Settings settings) {
    return new Yogi(
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
    boolean first = context.first();
    switch (gradient) {
      case FloatTile(float[] g, int length) ->
          square(g, ((FloatTile) state.getLast()).values(), length, first);
      case DoubleTile(double[] g, int length) ->
          square(g, ((DoubleTile) state.getLast()).values(), length, first);
    }
    new AdamStep(beta1, beta2, eps, biasCorrection, context).run(gradient, state);
  }

  private void square(float[] gradient, float[] velocity, int length, boolean first) {
    float rest = (float) (1 - beta2);
    for (int i = 0; i < length; i++) {
      float square = gradient[i] * gradient[i];
      velocity[i] =
          first ? YogiMomentum.first(square, rest) : YogiMomentum.next(velocity[i], square, rest);
    }
  }

  private void square(double[] gradient, double[] velocity, int length, boolean first) {
    double rest = 1 - beta2;
    for (int i = 0; i < length; i++) {
      double square = gradient[i] * gradient[i];
      velocity[i] =
          first ? YogiMomentum.first(square, rest) : YogiMomentum.next(velocity[i], square, rest);
    }
  }
}
