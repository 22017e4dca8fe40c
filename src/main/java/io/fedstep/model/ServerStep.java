package io.fedstep.model;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Rows;
import io.fedstep.optim.Optimizer;
import io.fedstep.vector.Tile;
import java.util.List;

/** The mathematics of a round's close, on one range of coordinates. */
public record ServerStep(Aggregator aggregator, Optimizer optimizer) {
  /**
   * What a range contributed.
   *
   * @param finite whether gradient, state and weights all are
   * @param gradientSquares sum of the squares of the aggregated gradient
   * @param stepSquares sum of the squares of what was subtracted from the weights
   */
  public record Part(boolean finite, double gradientSquares, double stepSquares) {}

  /**
   * Advances one range.
   *
   * @param rows the updates there
   * @param updateWeights one for each row
   * @param state the modules' state there, in and out
   * @param weights the model's weights there, in and out
   * @param gradient out: what the last module gave
   */
  public Part run(
      Rows rows, double[] updateWeights, List<List<Tile>> state, Tile weights, Tile gradient) {
    aggregator.aggregate(rows, updateWeights, gradient);
    double gradientSquares = gradient.squares();
    optimizer.precondition(gradient, state);
    double stepSquares = optimizer.apply(gradient, weights);
    boolean finite =
        gradient.firstNotFinite() < 0
            && weights.firstNotFinite() < 0
            && state.stream().flatMap(List::stream).allMatch(tile -> tile.firstNotFinite() < 0);
    return new Part(finite, gradientSquares, stepSquares);
  }
}
