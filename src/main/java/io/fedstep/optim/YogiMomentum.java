package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * Yogi's moving average: {@code s = s - sign(s - g) * (1 - beta) * g; out = s}, as declearn's
 * {@code YogiMomentumModule} computes it (M. Zaheer et al., Adaptive Methods for Nonconvex
 * Optimization, 2018). Before the first step declearn's state is the number 0.0, and what it
 * subtracts from a number it computes as {@code -1 * (x - number)}: zeros then get another sign.
 *
 * @param beta in [0, 1)
 */
public record YogiMomentum(double beta) implements OptiModule {
  /** declearn's defaults. */
  public static final YogiMomentum DEFAULT = new YogiMomentum(0.9);

  /** Checks the range. */
  public YogiMomentum {
    Ranges.beta("beta", beta);
  }

  @Override
  public String name() {
    return "yogi-momentum";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("beta", beta));
  }

  @Override
  public YogiMomentum with(Settings settings) {
    return new YogiMomentum(settings.number("beta", beta));
  }

  @Override
  public List<StateEntry> state() {
    return List.of(StateEntry.values("state"));
  }

  @Override
  public void run(Tile gradient, List<Tile> state, StepContext context) {
    boolean first = context.first();
    gradient.run(
        state.getFirst(),
        (g, s, length) -> run(g, s, length, first),
        (g, s, length) -> run(g, s, length, first));
  }

  private void run(float[] gradient, float[] state, int length, boolean first) {
    float rest = (float) (1 - beta);
    for (int i = 0; i < length; i++) {
      state[i] = first ? first(gradient[i], rest) : next(state[i], gradient[i], rest);
    }
    System.arraycopy(state, 0, gradient, 0, length);
  }

  private void run(double[] gradient, double[] state, int length, boolean first) {
    double rest = 1 - beta;
    for (int i = 0; i < length; i++) {
      state[i] = first ? first(gradient[i], rest) : next(state[i], gradient[i], rest);
    }
    System.arraycopy(state, 0, gradient, 0, length);
  }

  static float next(float state, float value, float rest) {
    return state - sign(state - value) * rest * value;
  }

  static double next(double state, double value, double rest) {
    return state - sign(state - value) * rest * value;
  }

  /** The state after the first value. */
  static float first(float value, float rest) {
    return -(sign(-value) * rest * value - 0f);
  }

  /** The same. */
  static double first(double value, double rest) {
    return -(sign(-value) * rest * value - 0d);
  }

  /** -1, 0 or 1, as NumPy's: no zero is negative. */
  static float sign(float value) {
    return value > 0 ? 1 : value < 0 ? -1 : 0;
  }

  /** The same. */
  static double sign(double value) {
    return value > 0 ? 1 : value < 0 ? -1 : 0;
  }
}
