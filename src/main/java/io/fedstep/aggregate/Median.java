package io.fedstep.aggregate;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.List;
import java.util.function.Supplier;

/**
 * The median of each coordinate, of an even number the mean of the middle two rounded once; weights
 * do not count (D. Yin et al., Byzantine-Robust Distributed Learning: Towards Optimal Statistical
 * Rates, 2018). It stays among the values of the others with less than half of the updates hostile:
 * the breakdown point is 1/2.
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
    return () -> new MiddleMean(updates, MiddleMean.cutToMedian(updates));
  }
}
