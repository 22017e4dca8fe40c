package io.fedstep.aggregate;

import io.fedstep.vector.Tile;

/** Rows of which each value is replaced by another as it is read. */
abstract class MappedRows implements Rows {
  private final Rows rows;

  MappedRows(Rows rows) {
    this.rows = rows;
  }

  /** What takes the place of a row's value, a number of the dtype. */
  abstract double map(int row, double value);

  /** The same for a tile of the row's values, in place. */
  abstract void map(int row, Tile values);

  @Override
  public int count() {
    return rows.count();
  }

  @Override
  public void read(int row, int from, Tile into) {
    rows.read(row, from, into);
    map(row, into);
  }

  @Override
  public void bits(int row, int from, int[] into, int count) {
    rows.bits(row, from, into, count);
    for (int i = 0; i < count; i++) {
      into[i] = Float.floatToRawIntBits((float) map(row, Float.intBitsToFloat(into[i])));
    }
  }

  @Override
  public void gather(int row, int from, int[] indexes, int count, double[] into) {
    rows.gather(row, from, indexes, count, into);
    for (int i = 0; i < count; i++) {
      into[i] = map(row, into[i]);
    }
  }

  @Override
  public double value(int row, int index) {
    return map(row, rows.value(row, index));
  }
}
