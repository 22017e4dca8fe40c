package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
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
  public void aggregate(Rows rows, double[] weights, Tile into) {
    double[] used = weights;
    if (!stepsWeighted) {
      used = new double[weights.length];
      Arrays.fill(used, 1);
    }
    var mean = new WeightedMean(used);
    switch (into) {
      case FloatTile tile -> mean.of(rows, tile);
      case DoubleTile tile -> mean.of(rows, tile);
    }
  }
}
