package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * Momentum: {@code v = beta * v + g; out = v}, and with Nesterov's {@code out = beta * v + g}, as
 * declearn's {@code MomentumModule} computes it (I. Sutskever et al., On the importance of
 * initialization and momentum in deep learning, 2013; the learning rate applies to the whole).
 *
 * @param beta share of the velocity that is kept, in [0, 1)
 * @param nesterov whether to look ahead
 */
public record Momentum(double beta, boolean nesterov) implements OptiModule {
  /** declearn's defaults. */
  public static final Momentum DEFAULT = new Momentum(0.9, false);

  /** Checks the range. */
  public Momentum {
    Ranges.beta("beta", beta);
  }

  @Override
  public String name() {
    return "momentum";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("beta", beta), new Setting("nesterov", nesterov));
  }

  @Override
  public Momentum with(Settings settings) {
    return new Momentum(settings.number("beta", beta), settings.flag("nesterov", nesterov));
  }

  @Override
  public List<StateEntry> state() {
    return List.of(StateEntry.values("velocity"));
  }

  @Override
  public void run(Tile gradient, List<Tile> state, StepContext context) {
    gradient.run(state.getFirst(), this::run, this::run);
  }

  private void run(float[] gradient, float[] velocity, int length) {
    float beta = (float) this.beta;
    for (int i = 0; i < length; i++) {
      velocity[i] = beta * velocity[i] + gradient[i];
    }
    if (!nesterov) {
      System.arraycopy(velocity, 0, gradient, 0, length);
      return;
    }
    for (int i = 0; i < length; i++) {
      gradient[i] = beta * velocity[i] + gradient[i];
    }
  }

  private void run(double[] gradient, double[] velocity, int length) {
    for (int i = 0; i < length; i++) {
      velocity[i] = beta * velocity[i] + gradient[i];
    }
    if (!nesterov) {
      System.arraycopy(velocity, 0, gradient, 0, length);
      return;
    }
    for (int i = 0; i < length; i++) {
      gradient[i] = beta * velocity[i] + gradient[i];
    }
  }
}
