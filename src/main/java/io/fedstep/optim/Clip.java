package io.fedstep.optim;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
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
    if (squares < 0) {
      scale(tile, Math.min(maxNorm / -squares, 1), from, end);
      return;
    }
    switch (tile) {
      case FloatTile(float[] values, int _) -> {
        float factor = Math.min(1 / ((float) Math.sqrt(squares) / (float) maxNorm), 1);
        for (int i = from; i < end; i++) {
          values[i] *= factor;
        }
      }
      case DoubleTile(double[] values, int _) -> {
        double factor = Math.min(1 / (Math.sqrt(squares) / maxNorm), 1);
        for (int i = from; i < end; i++) {
          values[i] *= factor;
        }
      }
    }
  }

  /** Beyond what declearn can sum, in double: a factor may be too small for a float. */
  private static void scale(Tile tile, double factor, int from, int end) {
    switch (tile) {
      case FloatTile(float[] values, int _) -> {
        for (int i = from; i < end; i++) {
          values[i] = (float) (values[i] * factor);
        }
      }
      case DoubleTile(double[] values, int _) -> {
        for (int i = from; i < end; i++) {
          values[i] *= factor;
        }
      }
    }
  }
}
