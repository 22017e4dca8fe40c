package io.fedstep.aggregate;

import io.fedstep.vector.Exponents;
import io.fedstep.vector.Tile;

/** One range of coordinates of all updates of a round: a row an update, in client-id order. */
public interface Rows {
  /** The number of updates. */
  int count();

  /**
   * Fills a tile with the row's values from {@code from} on. A row is read from its beginning to
   * its end, which checks it, and may then be read again.
   */
  void read(int row, int from, Tile into);

  /**
   * The exponents of {@code count} of the row's values from {@code from} on, which are float32, or
   * of more values; as far as they are known without a look at them.
   */
  default Exponents exponents(int row, int from, int count) {
    return Exponents.ANY;
  }

  /**
   * The row's values at the first {@code count} of the indexes, ascending and counted from {@code
   * from}, widened.
   */
  void gather(int row, int from, int[] indexes, int count, double[] into);

  /**
   * Adds {@code length} words of the row from {@code from} on, as two's complement, to the first
   * sums; only where rows are words. Read as {@link #read}.
   */
  default void addWords(int row, int from, long[] sums, int length) {
    throw new IllegalStateException("these rows are no words");
  }

  /** The same of words of 32 bits. */
  default void addWords(int row, int from, int[] sums, int length) {
    throw new IllegalStateException("these rows are no words of 32 bits");
  }

  /** One value of the row, widened; {@code index} counts within the range. */
  double value(int row, int index);
}
