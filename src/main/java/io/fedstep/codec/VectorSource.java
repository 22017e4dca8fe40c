package io.fedstep.codec;

import io.fedstep.vector.Tile;

/** Where the values of a flat vector come from. */
public interface VectorSource {
  /** Fills the tile with the values from {@code index} on. */
  void read(long index, Tile into);
}
