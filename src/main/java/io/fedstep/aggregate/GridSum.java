package io.fedstep.aggregate;

import io.fedstep.vector.Dtype;
import io.fedstep.vector.FixedPoint;
import io.fedstep.vector.Tile;
import java.util.Arrays;

/**
 * The sums of a round's updates as whole numbers of steps of a grid, without a rounding; it has
 * buffers, so each thread has its own.
 */
public final class GridSum {
  private final FixedPoint grid;
  private final double[] factors;
  private final Tile[] buffers = new Tile[3]; // rows in a loop: more are no faster

  /**
   * Sums on a grid.
   *
   * @param factors what each update's values are multiplied by before they are rounded to the grid
   * @param most coordinates at a time
   */
  public GridSum(FixedPoint grid, double[] factors, Dtype dtype, int most) {
    this.grid = grid;
    this.factors = factors.clone();
    Arrays.setAll(buffers, _ -> Tile.zeros(dtype, most));
  }

  /**
   * Sums one range of coordinates.
   *
   * @param rows the updates' values there, one for each factor
   * @param length how many coordinates the range has
   * @param into one sum for each, in steps of the grid
   */
  public void of(Rows rows, int length, long[] into) {
    Arrays.fill(into, 0, length, 0);
    int row = 0;
    for (; row + 3 <= factors.length; row += 3) {
      Tile first = read(rows, row, 0, length);
      Tile second = read(rows, row + 1, 1, length);
      Tile third = read(rows, row + 2, 2, length);
      grid.add(first, factors[row], second, factors[row + 1], third, factors[row + 2], into);
    }
    for (; row < factors.length; row++) {
      grid.add(read(rows, row, 0, length), factors[row], into);
    }
  }

  private Tile read(Rows rows, int row, int buffer, int length) {
    Tile values = buffers[buffer].first(length);
    rows.read(row, 0, values);
    return values;
  }
}
