package io.fedstep.optim;

import io.fedstep.vector.Tile;

/**
 * A multiplication by {@code min((norm / max_norm)^-1, 1)}, each operation in the dtype.
 *
 * @param maxNorm the largest norm that stays
 * @param squares the sum of the squares, in the dtype, or where it overflows the norm, negated
 */
record Clip(double maxNorm, double squares) {
  static Clip to(double maxNorm, double squares) {
    return new Clip(maxNorm, squares);
  }

  /** Scales the values from {@code from} up to {@code end}. */
  void scale(Tile tile, int from, int end) {
    if (squares < 0) { // beyond what declearn can sum; the factor may be too small for a float
      double wide = Math.min(maxNorm / -squares, 1);
      tile.run(
          (values, _) -> scale(values, wide, from, end),
          (values, _) -> scale(values, wide, from, end));
    } else {
      float narrow = Math.min(1 / ((float) Math.sqrt(squares) / (float) maxNorm), 1);
      double wide = Math.min(1 / (Math.sqrt(squares) / maxNorm), 1);
      tile.run(
          (values, _) -> scale(values, narrow, from, end),
          (values, _) -> scale(values, wide, from, end));
    }
  }

  private static void scale(float[] values, float factor, int from, int end) {
    for (int i = from; i < end; i++) {
      values[i] *= factor;
    }
  }

  private static void scale(float[] values, double factor, int from, int end) {
    for (int i = from; i < end; i++) {
      values[i] = (float) (values[i] * factor);
    }
  }

  private static void scale(double[] values, double factor, int from, int end) {
    for (int i = from; i < end; i++) {
      values[i] *= factor;
    }
  }
}
