package io.fedstep.aggregate;

import io.fedstep.vector.Exponents;
import io.fedstep.vector.Tile;
import org.jspecify.annotations.Nullable;

/**
 * The mean of each coordinate's values that are nearest to their median, rounded once. Distances
 * are those of double from the median rounded to the dtype; of two values at the same distance,
 * that of the smaller row is nearer.
 */
final class NearestMean implements Aggregation {
  private final int[] chosen;
  private final int nearest;
  private final MiddleMean median;
  private final WeightedMean mean;
  private @Nullable SortedStrip strip;
  private @Nullable Tile part;
  private int[] starts = {};

  /** The mean of the {@code nearest} among the values of some rows. */
  NearestMean(int[] chosen, int nearest) {
    this.chosen = chosen;
    this.nearest = nearest;
    median = new MiddleMean(chosen.length, MiddleMean.cutToMedian(chosen.length));
    mean = new WeightedMean(Averaging.ones(nearest));
  }

  @Override
  public void aggregate(Rows rows, Tile into) {
    if (strip == null || part == null) {
      strip = SortedStrip.of(into.dtype(), chosen.length, 0, chosen.length);
      part = Tile.zeros(into.dtype(), strip.most());
      starts = new int[strip.most()];
    }
    var given = new SelectedRows(rows, chosen);
    for (int from = 0; from < into.length(); from += strip.most()) {
      Tile means = part.first(Math.min(strip.most(), into.length() - from));
      strip.load(given, from, means.length());
      median.ofSorted(strip, means);
      for (int i = 0; i < means.length(); i++) {
        starts[i] = start(strip, given, from, i, means.get(i));
      }
      mean.aggregate(new Window(strip, starts, nearest, exponents(strip, means.length())), means);
      into.put(from, means);
    }
  }

  /** The first of the nearest values in their sorted column: they follow each other in it. */
  private int start(SortedStrip sorted, Rows given, int from, int index, double middle) {
    int low = 0;
    int high = chosen.length - 1;
    while (high - low >= nearest) {
      double below = middle - sorted.value(low, index);
      double above = sorted.value(high, index) - middle;
      if (below == above && below > 0) {
        int drops = high - low + 1 - nearest;
        for (int row = chosen.length - 1; row >= 0 && drops > 0; row--) {
          double value = given.value(row, from + index);
          if (Math.abs(value - middle) == below) {
            low += value < middle ? 1 : 0;
            high -= value < middle ? 0 : 1;
            drops--;
          }
        }
      } else if (below >= above) {
        low++;
      } else {
        high--;
      }
    }
    return low;
  }

  private static Exponents exponents(SortedStrip sorted, int length) {
    Exponents all = Exponents.NONE;
    for (int row = 0; row < sorted.count(); row++) {
      all = all.and(sorted.exponents(row, 0, length));
    }
    return all;
  }

  /** As many values of each column as there are to be averaged, from its own start on. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Window(SortedStrip sorted, int[] starts, int count, Exponents exponents)
      implements Rows {
    @Override
    public void read(int row, int from, Tile into) {
      into.run(
          (values, length) -> read(row, from, values, length),
          (values, length) -> read(row, from, values, length));
    }

    private void read(int row, int from, float[] into, int length) {
      for (int i = 0; i < length; i++) {
        into[i] = (float) value(row, from + i);
      }
    }

    private void read(int row, int from, double[] into, int length) {
      for (int i = 0; i < length; i++) {
        into[i] = value(row, from + i);
      }
    }

    @Override
    public Exponents exponents(int row, int from, int count) {
      return exponents;
    }

    @Override
    public void gather(int row, int from, int[] indexes, int count, double[] into) {
      for (int i = 0; i < count; i++) {
        into[i] = value(row, from + indexes[i]);
      }
    }

    @Override
    public double value(int row, int index) {
      return sorted.value(starts[index] + row, index);
    }
  }
}
