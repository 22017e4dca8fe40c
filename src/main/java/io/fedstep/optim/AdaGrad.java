package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * AdaGrad: {@code s = s + g * g; out = g / (sqrt(s) + eps)}, as declearn's {@code AdaGradModule}
 * computes it (J. Duchi, E. Hazan, Y. Singer, Adaptive Subgradient Methods for Online Learning and
 * Stochastic Optimization, JMLR 12, 2011).
 *
 * @param eps added to the root, above 0
 */
public record AdaGrad(double eps) implements OptiModule {
  /** declearn's defaults. */
  public static final AdaGrad DEFAULT = new AdaGrad(1e-7);

  /** Checks the range. */
  public AdaGrad {
    Ranges.eps(eps);
  }

  @Override
  public String name() {
    return "adagrad";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("eps", eps));
  }

  @Override
  public AdaGrad with(Settings settings) {
    return new AdaGrad(settings.number("eps", eps));
  }

  @Override
  public List<StateEntry> state() {
    return List.of(StateEntry.squares("state"));
  }

  @Override
  public void run(Tile gradient, List<Tile> state, StepContext context) {
    gradient.run(state.getFirst(), this::run, this::run);
  }

  private void run(float[] gradient, float[] state, int length) {
    float eps = (float) this.eps;
    for (int i = 0; i < length; i++) {
      float g = gradient[i];
      float s = state[i] + g * g;
      state[i] = s;
      gradient[i] = g / ((float) Math.sqrt(s) + eps);
    }
  }

  private void run(double[] gradient, double[] state, int length) {
    for (int i = 0; i < length; i++) {
      double g = gradient[i];
      double s = state[i] + g * g;
      state[i] = s;
      gradient[i] = g / (Math.sqrt(s) + eps);
    }
  }
}
