package io.fedstep.aggregate;

import io.fedstep.vector.FloatTile;

/** The weighted mean of float values, by the cheapest way that is proven right. */
final class FloatMean {
  private final UnroundedMean unrounded;
  private final BoundedMean bounded;

  FloatMean(RoundWeights weights, ExactMean exact) {
    var triples = new RowTriples();
    unrounded = new UnroundedMean(weights, triples);
    bounded = new BoundedMean(weights, exact, triples);
  }

  /** Fills a tile with the means of its coordinates. */
  void aggregate(Rows rows, FloatTile into) {
    aggregate(rows, 0, into.length(), into.values());
  }

  /** A range whose exponents are too far apart as a whole may have halves that are not. */
  private void aggregate(Rows rows, int from, int length, float[] into) {
    if (unrounded.isRight(rows, from, length)) {
      unrounded.aggregate(rows, from, length, into);
    } else if (length <= BoundedMean.strip(rows.count())) {
      bounded.aggregate(rows, from, length, into);
    } else {
      int half = length / 2;
      aggregate(rows, from, half, into);
      aggregate(rows, from + half, length - half, into);
    }
  }
}
