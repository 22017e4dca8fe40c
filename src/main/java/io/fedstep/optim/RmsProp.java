package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * RMSProp: {@code s = beta * s + (1 - beta) * g * g; out = g / (sqrt(s) + eps)}, as declearn's
 * {@code RMSPropModule} computes it (T. Tieleman, G. Hinton, Lecture 6.5, COURSERA: Neural Networks
 * for Machine Learning, 2012).
 *
 * @param beta decay of the mean of squares, in [0, 1)
 * @param eps added to the root, above 0
 */
public record RmsProp(double beta, double eps) implements OptiModule {
  /** declearn's defaults: beta 0.9, eps 1e-7. */
  public static final RmsProp DEFAULT = new RmsProp(0.9, 1e-7);

  /** Checks the ranges. */
  public RmsProp {
    Ranges.beta("beta", beta);
    Ranges.eps(eps);
  }

  @Override
  public String name() {
    return "rmsprop";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("beta", beta), new Setting("eps", eps));
  }

  @Override
  public RmsProp with(Settings settings) {
    return new RmsProp(settings.number("beta", beta), settings.number("eps", eps));
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
    float beta = (float) this.beta;
    float rest = (float) (1 - this.beta); // in double, then cast, as NumPy does with a Python float
    float eps = (float) this.eps;
    for (int i = 0; i < length; i++) {
      float g = gradient[i];
      float s = beta * state[i] + rest * (g * g);
      state[i] = s;
      gradient[i] = g / ((float) Math.sqrt(s) + eps);
    }
  }

  private void run(double[] gradient, double[] state, int length) {
    double rest = 1 - beta;
    for (int i = 0; i < length; i++) {
      double g = gradient[i];
      double s = beta * state[i] + rest * (g * g);
      state[i] = s;
      gradient[i] = g / (Math.sqrt(s) + eps);
    }
  }
}
