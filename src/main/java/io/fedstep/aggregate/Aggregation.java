package io.fedstep.aggregate;

import io.fedstep.vector.Tile;

/** An aggregation rule with the weights of a round; it has buffers, so each thread has its own. */
public interface Aggregation {
  /**
   * Aggregates one range of coordinates.
   *
   * @param rows the updates' values there, one for each weight
   * @param into where the gradient goes; its length is the range's, at most a tile's
   */
  void aggregate(Rows rows, Tile into);
}
