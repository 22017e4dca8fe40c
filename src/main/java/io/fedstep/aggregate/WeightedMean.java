package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;

/**
 * The weighted mean {@code sum(w * x) / sum(w)} of finite values, each coordinate rounded once.
 *
 * <p>Where the exponents of float values say that no sum takes a rounding, only the quotients do.
 * Other sums carry a bound on their error; where both ends of the error interval round to the same
 * value, the rounding is proven. Most of the rest are ties, exact or nearly, which no bound decides
 * (with two equal weights a fifth of all): where a sum took no rounding after all, the remainder of
 * the division decides them. What is left goes through {@link ExactMean}.
 *
 * <p>An exact mean of zero is -0.0 only where every value is -0.0.
 */
final class WeightedMean implements Aggregation {
  /** Unit roundoff of double. */
  static final double U = 0x1p-53;

  private final FloatMean floats;
  private final DoubleMean doubles;

  /** A mean by these weights, finite and above 0. */
  WeightedMean(double[] given) {
    var weights = new RoundWeights(given);
    var exact = new ExactMean(given);
    floats = new FloatMean(weights, exact);
    doubles = new DoubleMean(weights, exact);
  }

  @Override
  public void aggregate(Rows rows, Tile into) {
    switch (into) {
      case FloatTile tile -> floats.aggregate(rows, tile);
      case DoubleTile tile -> doubles.aggregate(rows, tile);
    }
  }
}
