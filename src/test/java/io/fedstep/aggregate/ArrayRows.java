package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Exponents;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.Arrays;

/** Rows in arrays, of values that are numbers of the dtype. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ArrayRows(double[][] values) implements Rows {
  @Override
  public int count() {
    return values.length;
  }

  @Override
  public void read(int row, int from, Tile into) {
    for (int i = 0; i < into.length(); i++) {
      switch (into) {
        case FloatTile floats -> floats.values()[i] = (float) values[row][from + i];
        case DoubleTile doubles -> doubles.values()[i] = values[row][from + i];
      }
    }
  }

  @Override
  public Exponents exponents(int row, int from, int count) {
    int[] bits = new int[count];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits((float) values[row][from + i]));
    return Exponents.of(bits, 0, count);
  }

  @Override
  public void gather(int row, int from, int[] indexes, int count, double[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = values[row][from + indexes[i]];
    }
  }

  @Override
  public double value(int row, int index) {
    return values[row][index];
  }
}
