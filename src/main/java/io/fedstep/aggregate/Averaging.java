package io.fedstep.aggregate;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * The correctly rounded weighted mean, coordinate by coordinate (FedAvg: McMahan et al.,
 * Communication-Efficient Learning of Deep Networks from Decentralized Data, 2017). One hostile
 * update moves it anywhere: its breakdown point is 0.
 *
 * @param stepsWeighted whether updates count by their weights, or all the same
 */
public record Averaging(boolean stepsWeighted) implements Aggregator {
  /** The key of {@link #stepsWeighted}. */
  static final String STEPS_WEIGHTED = "steps_weighted";

  @Override
  public String name() {
    return "averaging";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting(STEPS_WEIGHTED, stepsWeighted));
  }

  @Override
  public Averaging with(Settings settings) {
    return new Averaging(settings.flag(STEPS_WEIGHTED, stepsWeighted));
  }

  @Override
  public Supplier<Aggregation> begin(double[] weights, Distances distances) {
    double[] used = stepsWeighted ? weights.clone() : ones(weights.length);
    return () -> new WeightedMean(used);
  }

  /** The weights of updates that all count the same. */
  static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }
}
