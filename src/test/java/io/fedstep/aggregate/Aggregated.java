package io.fedstep.aggregate;

import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** What a rule makes of rows, the distances between them included. */
final class Aggregated {
  private Aggregated() {}

  /** By a rule, for updates that all weigh the same. */
  static double[] by(Aggregator rule, Dtype dtype, double[]... rows) {
    return by(rule, dtype, Averaging.ones(rows.length), rows);
  }

  static double[] by(Aggregator rule, Dtype dtype, double[] weights, double[][] rows) {
    var into = Tile.zeros(dtype, rows[0].length);
    rule.begin(weights, distances(dtype, rows)).get().aggregate(new ArrayRows(rows), into);
    return IntStream.range(0, into.length()).mapToDouble(into::get).toArray();
  }

  static Distances distances(Dtype dtype, double[]... rows) {
    var sums = new PairSums(rows.length, dtype);
    sums.add(new ArrayRows(rows), rows[0].length);
    return Distances.of(rows.length, sums.sums());
  }

  /** Rows of values that a function draws; short enough for one tile. */
  static double[][] rows(
      int count, int size, Dtype dtype, Random random, ToDoubleFunction<Random> value) {
    if (size > Range.TILE) {
      throw new IllegalArgumentException("more than a tile");
    }
    double[][] rows = new double[count][size];
    for (double[] row : rows) {
      Arrays.setAll(row, _ -> WeightedMeanTest.rounded(dtype, value.applyAsDouble(random)));
    }
    return rows;
  }

  static double[] column(double[][] rows, int index) {
    return Arrays.stream(rows).mapToDouble(row -> row[index]).toArray();
  }

  /** The correctly rounded mean of some values. */
  static double mean(Dtype dtype, double... values) {
    double[][] column =
        Arrays.stream(values).mapToObj(value -> new double[] {value}).toArray(double[][]::new);
    return new RationalMean(dtype, Averaging.ones(values.length)).of(column, 0);
  }
}
