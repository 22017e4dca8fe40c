package io.fedstep.aggregate;

import io.fedstep.vector.Tile;

/** One range of coordinates of all updates of a round: a row an update, in client-id order. */
public interface Rows {
  /** The number of updates. */
  int count();

  /** Fills a tile with the row's values; the tile's length is the range's. */
  void read(int row, Tile into);

  /** The bits of the row's first {@code count} values, which are float32. */
  void bits(int row, int[] into, int count);

  /** The row's values at the first {@code count} indexes, ascending, widened. */
  void gather(int row, int[] indexes, int count, double[] into);

  /** One value of the row, widened; {@code index} counts within the range. */
  double value(int row, int index);
}
