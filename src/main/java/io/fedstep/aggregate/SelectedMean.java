package io.fedstep.aggregate;

import io.fedstep.vector.Tile;

/** The mean of some of the updates. */
final class SelectedMean implements Aggregation {
  private final int[] selected;
  private final WeightedMean mean;

  /** The mean of those rows, with a weight each. */
  SelectedMean(int[] selected, double[] weights) {
    this.selected = selected;
    mean = new WeightedMean(weights);
  }

  /** The mean of those rows, which all count the same. */
  SelectedMean(int... selected) {
    this(selected, Averaging.ones(selected.length));
  }

  @Override
  public void aggregate(Rows rows, Tile into) {
    mean.aggregate(new SelectedRows(rows, selected), into);
  }
}
