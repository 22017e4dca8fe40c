package io.fedstep.model;

import io.fedstep.aggregate.Aggregation;
import io.fedstep.aggregate.Rows;
import io.fedstep.optim.Optimizer;
import io.fedstep.vector.Tile;
import java.util.List;

/** The mathematics of a round's close, on one range of coordinates after another. */
public final class ServerStep {
  private final Aggregation aggregation;
  private final Optimizer optimizer;
  private final Tile step;

  /**
   * What a range contributed.
   *
   * @param finite whether gradient, state and weights all are
   * @param gradientSquares sum of the squares of the aggregated gradient
   * @param stepSquares sum of the squares of what was subtracted from the weights
   */
  public record Part(boolean finite, double gradientSquares, double stepSquares) {}

  /** The step of a round, for one thread; {@code most} values at a time. */
  public ServerStep(ModelSpec spec, Aggregation aggregation, int most) {
    this.aggregation = aggregation;
    optimizer = spec.optimizer();
    step = Tile.zeros(spec.dtype(), most);
  }

  /**
   * Advances one range.
   *
   * @param rows the updates there
   * @param state the modules' state there, in and out
   * @param weights the model's weights there, in and out
   * @param gradient out: what the last module gave
   */
  public Part run(Rows rows, List<List<Tile>> state, Tile weights, Tile gradient) {
    aggregation.aggregate(rows, gradient);
    double gradientSquares = gradient.squares();
    optimizer.precondition(gradient, state);
    optimizer.apply(gradient, weights, step);
    boolean finite =
        gradient.firstNotFinite() < 0
            && weights.firstNotFinite() < 0
            && state.stream().flatMap(List::stream).allMatch(tile -> tile.firstNotFinite() < 0);
    return new Part(finite, gradientSquares, step.first(gradient.length()).squares());
  }
}
