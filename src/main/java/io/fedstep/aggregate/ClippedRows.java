package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;

/** Rows with a factor each: {@code value * factor} in double, rounded to the dtype. */
public final class ClippedRows extends MappedRows {
  private final double[] factors;
  private final Dtype dtype;

  /** Rows of that dtype with their factors, each in (0, 1]. */
  public ClippedRows(Rows rows, double[] factors, Dtype dtype) {
    super(rows);
    this.factors = factors;
    this.dtype = dtype;
  }

  @Override
  double map(int row, double value) {
    double product = value * factors[row];
    return dtype == Dtype.FLOAT32 ? (float) product : product;
  }

  @Override
  void map(int row, Tile values) {
    if (factors[row] == 1) {
      return;
    }
    switch (values) {
      case FloatTile tile -> scale(tile.values(), factors[row], tile.length());
      case DoubleTile tile -> scale(tile.values(), factors[row], tile.length());
    }
  }

  private static void scale(float[] values, double factor, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = (float) (values[i] * factor);
    }
  }

  private static void scale(double[] values, double factor, int length) {
    for (int i = 0; i < length; i++) {
      values[i] *= factor;
    }
  }
}
