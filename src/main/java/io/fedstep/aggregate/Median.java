package io.fedstep.aggregate;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.List;
import java.util.function.Supplier;

/**
 * The median of each coordinate, of an even number the mean of the middle two rounded once; weights
 * do not count (D. Yin et al., Byzantine-Robust Distributed Learning: Towards Optimal Statistical
 * Rates, 2018). A median of zero is 0.0, as NumPy's. It stays among the values of the others with
 * less than half of the updates hostile: the breakdown point is 1/2.
 */
public record Median() implements Aggregator {
  @Override
  public String name() {
    return "median";
  }

  @Override
  public List<Setting> config() {
    return List.of();
  }

  @Override
  public Median with(Settings settings) {
    return this;
  }

  @Override
  public Supplier<Aggregation> begin(double[] weights, Distances distances) {
    int updates = weights.length;
    return () -> {
      var middle = new MiddleMean(updates, MiddleMean.cutToMedian(updates));
      return (rows, into) -> {
        middle.aggregate(rows, into);
        into.run(Median::addZero, Median::addZero);
      };
    };
  }

  private static void addZero(float[] values, int length) {
    for (int i = 0; i < length; i++) {
      values[i] += 0; // -0.0 + 0.0 is 0.0
    }
  }

  private static void addZero(double[] values, int length) {
    for (int i = 0; i < length; i++) {
      values[i] += 0;
    }
  }
}
