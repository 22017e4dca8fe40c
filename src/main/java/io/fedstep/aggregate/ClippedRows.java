package io.fedstep.aggregate;

import io.fedstep.vector.Dtype;
import io.fedstep.vector.Exponents;
import io.fedstep.vector.Tile;

/** Rows with a factor each: {@code value * factor} in double, rounded to the dtype. */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ClippedRows(Rows rows, double[] factors, Dtype dtype) implements Rows {
  @Override
  public int count() {
    return rows.count();
  }

  @Override
  public void read(int row, int from, Tile into) {
    rows.read(row, from, into);
    if (factors[row] == 1) {
      return;
    }
    double factor = factors[row];
    into.run(
        (values, length) -> scale(values, factor, length),
        (values, length) -> scale(values, factor, length));
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

  private double scaled(int row, double value) {
    double product = value * factors[row];
    return dtype == Dtype.FLOAT32 ? (float) product : product;
  }

  @Override
  public Exponents exponents(int row, int from, int count) {
    Exponents unscaled = rows.exponents(row, from, count);
    return factors[row] == 1 ? unscaled : unscaled.times(factors[row]);
  }

  @Override
  public void gather(int row, int from, int[] indexes, int count, double[] into) {
    rows.gather(row, from, indexes, count, into);
    for (int i = 0; i < count; i++) {
      into[i] = scaled(row, into[i]);
    }
  }

  @Override
  public double value(int row, int index) {
    return scaled(row, rows.value(row, index));
  }
}
