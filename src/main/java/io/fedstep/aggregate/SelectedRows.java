package io.fedstep.aggregate;

import io.fedstep.vector.Exponents;
import io.fedstep.vector.Tile;

/** Some of the rows, in the order given. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record SelectedRows(Rows rows, int[] selected) implements Rows {
  @Override
  public int count() {
    return selected.length;
  }

  @Override
  public void read(int row, int from, Tile into) {
    rows.read(selected[row], from, into);
  }

  @Override
  public Exponents exponents(int row, int from, int count) {
    return rows.exponents(selected[row], from, count);
  }

  @Override
  public void gather(int row, int from, int[] indexes, int count, double[] into) {
    rows.gather(selected[row], from, indexes, count, into);
  }

  @Override
  public double value(int row, int index) {
    return rows.value(selected[row], index);
  }
}
