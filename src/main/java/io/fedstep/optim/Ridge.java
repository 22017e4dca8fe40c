package io.fedstep.optim;

import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
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
    switch (gradient) {
      case FloatTile(float[] g, int length) -> {
        float[] w = ((FloatTile) weights).values();
        float rate = (float) (2 * alpha);
        for (int i = 0; i < length; i++) {
          g[i] += rate * w[i];
        }
      }
      case DoubleTile(double[] g, int length) -> {
        double[] w = ((DoubleTile) weights).values();
        double rate = (2 * alpha);
        for (int i = 0; i < length; i++) {
          g[i] += rate * w[i];
        }
      }
    }
  }
}
