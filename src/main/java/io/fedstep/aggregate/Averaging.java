package io.fedstep.aggregate;

import java.util.Arrays;

/**
 * The correctly rounded weighted mean, coordinate by coordinate (FedAvg: McMahan et al.,
 * Communication-Efficient Learning of Deep Networks from Decentralized Data, 2017).
 *
 * @param stepsWeighted whether updates count by their weights, or all the same
 */
public record Averaging(boolean stepsWeighted) implements Aggregator {
  /** The name in declearn's registry. */
  public static final String NAME = "averaging";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Aggregation begin(double[] weights) {
    double[] used = weights.clone();
    if (!stepsWeighted) {
      Arrays.fill(used, 1);
    }
    return new WeightedMean(used);
  }
}
