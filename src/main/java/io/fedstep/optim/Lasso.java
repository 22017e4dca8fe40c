package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * L1 regularization: {@code g = g + alpha * sign(w)}, as declearn's {@code LassoRegularizer}
 * computes it (R. Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996).
 *
 * @param alpha finite, at least 0
 */
public record Lasso(double alpha) implements Regularizer {
  /** declearn's defaults. */
  public static final Lasso DEFAULT = new Lasso(0.01);

  /** Checks the range. */
  public Lasso {
    Ranges.atLeastZero("alpha", alpha);
  }

  @Override
  public String name() {
    return "lasso";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("alpha", alpha));
  }

  @Override
  public Lasso with(Settings settings) {
    return new Lasso(settings.number("alpha", alpha));
  }

  @Override
  public void run(Tile gradient, Tile weights) {
    gradient.run(weights, this::run, this::run);
  }

  private void run(float[] gradient, float[] weights, int length) {
    float rate = (float) alpha;
    for (int i = 0; i < length; i++) {
      gradient[i] += rate * YogiMomentum.sign(weights[i]);
    }
  }

  private void run(double[] gradient, double[] weights, int length) {
    double rate = alpha;
    for (int i = 0; i < length; i++) {
      gradient[i] += rate * YogiMomentum.sign(weights[i]);
    }
  }
}
