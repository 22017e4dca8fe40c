package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * L2 regularization: {@code g = g + 2 * alpha * w}, as declearn's {@code RidgeRegularizer} computes
 * it (A. Hoerl, R. Kennard, Ridge Regression, 1970).
 *
 * @param alpha finite, at least 0
 */
public record Ridge(double alpha) implements Regularizer {
  /** declearn's defaults. */
  public static final Ridge DEFAULT = new Ridge(0.01);

  /** Checks the range. */
  public Ridge {
    Ranges.atLeastZero("alpha", alpha);
  }

  @Override
  public String name() {
    return "ridge";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("alpha", alpha));
  }

  @Override
  public Ridge with(Settings settings) {
    return new Ridge(settings.number("alpha", alpha));
  }

  @Override
  public void run(Tile gradient, Tile weights) {
    gradient.run(weights, this::run, this::run);
  }

  private void run(float[] gradient, float[] weights, int length) {
    float rate = (float) (2 * alpha);
    for (int i = 0; i < length; i++) {
      gradient[i] += rate * weights[i];
    }
  }

  private void run(double[] gradient, double[] weights, int length) {
    double rate = 2 * alpha;
    for (int i = 0; i < length; i++) {
      gradient[i] += rate * weights[i];
    }
  }
}
