package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
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
    switch (gradient) {
      case FloatTile(float[] g, int length) -> {
        float[] w = ((FloatTile) weights).values();
        float rate = (float) alpha;
        for (int i = 0; i < length; i++) {
          g[i] += rate * YogiMomentum.sign(w[i]);
        }
      }
      case DoubleTile(double[] g, int length) -> {
        double[] w = ((DoubleTile) weights).values();
        double rate = alpha;
        for (int i = 0; i < length; i++) {
          g[i] += rate * YogiMomentum.sign(w[i]);
        }
      }
    }
  }
}
