package io.fedstep.aggregate;

import io.fedstep.vector.Dtype;

/**
 * The order statistics of a strip of coordinates as rows: row k has the k-th smallest value of each
 * coordinate. -0.0 comes before 0.0.
 */
sealed interface SortedStrip extends Rows permits SortedFloats, SortedDoubles {
  /** Up to this many rows, a network of exchanges between whole rows is faster than sorting. */
  int MOST_IN_NETWORK = 256;

  /** Values of all rows together that stay in a core's cache while they are exchanged. */
  int CACHED = 128 * 1024;

  /** A strip of {@code count} rows, of which those from {@code from} to before {@code to} count. */
  static SortedStrip of(Dtype dtype, int count, int from, int to) {
    int length = Math.clamp(CACHED / count, 16, 512);
    SortingNetwork network = count <= MOST_IN_NETWORK ? new SortingNetwork(count, from, to) : null;
    return switch (dtype) {
      case FLOAT32 -> new SortedFloats(count, length, network);
      case FLOAT64 -> new SortedDoubles(count, length, network);
    };
  }

  /** The most coordinates at a time. */
  int most();

  /** Takes the rows' values at the {@code length} coordinates from {@code from} on. */
  void load(Rows rows, int from, int length);
}
