package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What Adam and Yogi have in common: everything but the mean of squares. */
final class AdamStep {
  static final String BIAS_CORRECTION = "bias_correction";
  static final Set<String> KEYS = Set.of("beta_1", "beta_2", "amsgrad", "eps", BIAS_CORRECTION);

  private final double beta;
  private final double eps;
  private final double meanCorrection;
  private final double squareCorrection;
  private final boolean first;

  AdamStep(double beta1, double beta2, double eps, boolean biasCorrection, StepContext context) {
    beta = beta1;
    this.eps = eps;
    meanCorrection = biasCorrection ? 1 - Math.pow(beta1, (double) context.count()) : 1;
    squareCorrection = biasCorrection ? 1 - Math.pow(beta2, (double) context.count()) : 1;
    first = context.first();
  }

  static void check(double beta1, double beta2, double eps) {
    Ranges.beta("beta_1", beta1);
    Ranges.beta("beta_2", beta2);
    Ranges.eps(eps);
  }

  /** The config as declearn writes it; what declearn does not know is there where it matters. */
  static List<Setting> config(
      double beta1, double beta2, boolean amsgrad, double eps, boolean biasCorrection) {
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

  static List<StateEntry> state(boolean amsgrad) {
    return List.of(
        new StateEntry.Steps("steps"),
        amsgrad ? new StateEntry.Values("vmax", true, true) : new StateEntry.Nothing("vmax"),
        new StateEntry.Group("momentum", List.of(StateEntry.values("state"))),
        new StateEntry.Group("velocity", List.of(StateEntry.squares("state"))));
  }

  /** Runs on a slice whose mean of squares, the last of the state, is that after the step. */
  void run(Tile gradient, List<Tile> state) {
    int length = gradient.length();
    Tile mean = state.get(state.size() - 2);
    boolean amsgrad = state.size() == 3;
    switch (gradient) {
      case FloatTile g -> {
        float[] squares = ((FloatTile) state.getLast()).values();
        average(g.values(), ((FloatTile) mean).values(), length);
        if (amsgrad) {
          float[] largest = ((FloatTile) state.getFirst()).values();
          largest(squares, largest, length);
          divide(g.values(), largest, 1, length);
        } else {
          divide(g.values(), squares, (float) squareCorrection, length);
        }
      }
      case DoubleTile g -> {
        double[] squares = ((DoubleTile) state.getLast()).values();
        average(g.values(), ((DoubleTile) mean).values(), length);
        if (amsgrad) {
          double[] largest = ((DoubleTile) state.getFirst()).values();
          largest(squares, largest, length);
          divide(g.values(), largest, 1, length);
        } else {
          divide(g.values(), squares, squareCorrection, length);
        }
      }
    }
  }

  /** The gradient becomes the corrected mean. */
  private void average(float[] gradient, float[] mean, int length) {
    float beta = (float) this.beta;
    float rest = (float) (1 - this.beta);
    float correction = (float) meanCorrection;
    for (int i = 0; i < length; i++) {
      float m = beta * mean[i] + rest * gradient[i];
      mean[i] = m;
      gradient[i] = m / correction;
    }
  }

  private void average(double[] gradient, double[] mean, int length) {
    double rest = 1 - beta;
    for (int i = 0; i < length; i++) {
      double m = beta * mean[i] + rest * gradient[i];
      mean[i] = m;
      gradient[i] = m / meanCorrection;
    }
  }

  private void largest(float[] squares, float[] largest, int length) {
    float correction = (float) squareCorrection;
    for (int i = 0; i < length; i++) {
      float v = squares[i] / correction;
      largest[i] = first || v > largest[i] ? v : largest[i];
    }
  }

  private void largest(double[] squares, double[] largest, int length) {
    for (int i = 0; i < length; i++) {
      double v = squares[i] / squareCorrection;
      largest[i] = first || v > largest[i] ? v : largest[i];
    }
  }

  private void divide(float[] mean, float[] squares, float correction, int length) {
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
