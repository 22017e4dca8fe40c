package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * The exponentially weighted moving average: {@code s = beta * s + (1 - beta) * g; out = s}, as
 * declearn's {@code EWMAModule} computes it.
 *
 * @param beta share of the average that is kept, in [0, 1)
 */
public record Ewma(double beta) implements OptiModule {
  /** declearn's defaults. */
  public static final Ewma DEFAULT = new Ewma(0.9);

  /** Checks the range. */
  public Ewma {
    Ranges.beta("beta", beta);
  }

  @Override
  public String name() {
    return "ewma";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("beta", beta));
  }

  @Override
  public Ewma with(Settings settings) {
    return new Ewma(settings.number("beta", beta));
  }

  @Override
  public List<StateEntry> state() {
    return List.of(StateEntry.values("state"));
  }

  @Override
  public void run(Tile gradient, List<Tile> state, StepContext context) {
    gradient.run(state.getFirst(), this::run, this::run);
  }

  private void run(float[] gradient, float[] state, int length) {
    float beta = (float) this.beta;
    float rest = (float) (1 - this.beta);
    for (int i = 0; i < length; i++) {
      float s = beta * state[i] + rest * gradient[i];
      state[i] = s;
      gradient[i] = s;
    }
  }

  private void run(double[] gradient, double[] state, int length) {
    double rest = 1 - beta;
    for (int i = 0; i < length; i++) {
      double s = beta * state[i] + rest * gradient[i];
      state[i] = s;
      gradient[i] = s;
    }
  }
}
