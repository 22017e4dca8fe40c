package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What the rules that sort, and the distances, take for a tile of 100 rows of normal values. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // by JMH
public class RuleBenchmark {
  private static final int ROWS = 100;

  @Param({"FLOAT32", "FLOAT64"})
  public Dtype dtype;

  private Rows rows;
  private Tile into;
  private Aggregation median;
  private Aggregation trimmedMean;
  private Aggregation masked;

  /** Draws the values. */
  @Setup
  public void draw() {
    var random = new SplittableRandom(1);
    into = Tile.zeros(dtype, Range.TILE);
    var tiles = new Tile[ROWS];
    double[] drawn = new double[Range.TILE];
    for (int row = 0; row < ROWS; row++) {
      Arrays.setAll(drawn, i -> random.nextGaussian());
      tiles[row] = Tile.zeros(dtype, Range.TILE);
      new ArrayRows(new double[][] {drawn}).read(0, 0, tiles[row]);
    }
    rows = new TileRows(tiles);
    double[] weights = Averaging.ones(ROWS);
    median = new Median().begin(weights, Distances.NONE).get();
    trimmedMean = new TrimmedMean(0.2).begin(weights, Distances.NONE).get();
    masked = new GradientMaskedAveraging(0.5, true).begin(weights, Distances.NONE).get();
  }

  /** A value of a row. */
  @Benchmark
  @OperationsPerInvocation(ROWS * Range.TILE)
  public void median() {
    median.aggregate(rows, into);
  }

  /** A value of a row. */
  @Benchmark
  @OperationsPerInvocation(ROWS * Range.TILE)
  public void trimmedMean() {
    trimmedMean.aggregate(rows, into);
  }

  /** A value of a row. */
  @Benchmark
  @OperationsPerInvocation(ROWS * Range.TILE)
  public void masked() {
    masked.aggregate(rows, into);
  }

  /** A value of a pair of rows. */
  @Benchmark
  @OperationsPerInvocation(ROWS * (ROWS - 1) / 2 * Range.TILE)
  public void distances() {
    new PairSums(ROWS, dtype).add(rows, Range.TILE);
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record TileRows(Tile[] tiles) implements Rows {
    @Override
    public int count() {
      return tiles.length;
    }

    @Override
    public void read(int row, int from, Tile into) {
      switch (into) {
        case FloatTile tile ->
            System.arraycopy(
                ((FloatTile) tiles[row]).values(), from, tile.values(), 0, tile.length());
        case DoubleTile tile ->
            System.arraycopy(
                ((DoubleTile) tiles[row]).values(), from, tile.values(), 0, tile.length());
      }
    }

    @Override
    public void gather(int row, int from, int[] indexes, int count, double[] into) {
      for (int i = 0; i < count; i++) {
        into[i] = value(row, from + indexes[i]);
      }
    }

    @Override
    public double value(int row, int index) {
      return tiles[row].get(index);
    }
  }
}
