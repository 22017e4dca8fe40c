package io.fedstep.aggregate;

import io.fedstep.vector.Tile;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The correctly rounded mean of each coordinate's values without the smallest and the largest of
 * them.
 */
final class MiddleMean implements Aggregation {
  private final int count;
  private final int cut;
  private final WeightedMean mean;
  private final int[] middle;
  private @Nullable SortedStrip strip;
  private @Nullable Tile part;

  /** The mean of {@code count} values but {@code cut} at each end, which leaves at least one. */
  MiddleMean(int count, int cut) {
    this.count = count;
    this.cut = cut;
    middle = IntStream.range(cut, count - cut).toArray();
    mean = new WeightedMean(Averaging.ones(middle.length));
  }

  /** As many values cut at each end as leave one or two. */
  static int cutToMedian(int count) {
    return (count - 1) / 2;
  }

  @Override
  public void aggregate(Rows rows, Tile into) {
    if (strip == null || part == null) {
      strip = SortedStrip.of(into.dtype(), count, cut, count - cut);
      part = Tile.zeros(into.dtype(), strip.most());
    }
    for (int from = 0; from < into.length(); from += strip.most()) {
      Tile means = part.first(Math.min(strip.most(), into.length() - from));
      strip.load(rows, from, means.length());
      ofSorted(strip, means);
      into.put(from, means);
    }
  }

  /** The means of a strip that is sorted already. */
  void ofSorted(SortedStrip sorted, Tile into) {
    mean.aggregate(new SelectedRows(sorted, middle), into);
  }
}
