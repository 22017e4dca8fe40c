package io.fedstep.aggregate;

import io.fedstep.vector.Tile;

/**
 * Turns the updates of a round into one gradient, over whatever slice of the coordinates it is
 * handed. The result depends on the updates alone.
 */
public sealed interface Aggregator permits Averaging {
  /** The name in declearn's registry. */
  String name();

  /**
   * Aggregates one range of coordinates.
   *
   * @param rows the updates' values there
   * @param weights one for each row, finite and above 0
   * @param into where the gradient goes; its length is the range's
   */
  void aggregate(Rows rows, double[] weights, Tile into);
}
