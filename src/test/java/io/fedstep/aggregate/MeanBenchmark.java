package io.fedstep.aggregate;

import io.fedstep.vector.Dtype;
import io.fedstep.vector.Exponents;
import io.fedstep.vector.FixedPoint;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The certified mean of a tile of normal values, the reading of its rows included. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // by JMH
public class MeanBenchmark {
  /** Values of a row whose exponents are known together. */
  private static final int BLOCK = 4096;

  @Param({"2", "10", "64"})
  public int rows;

  @Param({"FLOAT32", "FLOAT64"})
  public Dtype dtype;

  private Tile into;
  private Rows updates;

  /**
   * Ordinary values; ones of so many magnitudes that sums are rounded; or ones that cancel so that
   * every coordinate takes integer arithmetic.
   */
  @Param({"normal", "wide", "hostile"})
  public String values;

  private Aggregation mean;
  private GridSum gridSum;
  private final FixedPoint grid = new FixedPoint(0x1p24);
  private final long[] sums = new long[Range.TILE];

  /** Draws the values. */
  @Setup
  public void draw() {
    var random = new SplittableRandom(rows);
    into = Tile.zeros(dtype, Range.TILE);
    double[] weights = new double[rows];
    boolean hostile = values.equals("hostile");
    Arrays.setAll(weights, row -> hostile ? 0.1 : 1 + row % 5);
    mean = new Averaging(true).begin(weights, Distances.NONE).get();
    boolean wide = values.equals("wide");
    var segments = new MemorySegment[rows];
    var exponents = new Exponents[rows][Range.TILE / BLOCK];
    int[] bits = new int[Range.TILE];
    var drawn = new double[Range.TILE];
    for (int row = 0; row < rows; row++) {
      boolean negates = hostile && row % 2 == 1;
      if (!negates) {
        double scale = hostile ? Math.pow(10, row % 70 - 40) : 1;
        Arrays.setAll(
            drawn, i -> Math.scalb(scale * random.nextGaussian(), wide ? -random.nextInt(40) : 0));
      } else {
        Arrays.setAll(drawn, i -> -drawn[i]);
      }
      segments[row] = MemorySegment.ofArray(new byte[Range.TILE * dtype.bytes()]);
      Tile tile = Tile.zeros(dtype, Range.TILE);
      new ArrayRows(new double[][] {drawn}).read(0, 0, tile);
      tile.write(segments[row], 0);
      Arrays.setAll(bits, i -> Float.floatToRawIntBits((float) drawn[i]));
      for (int block = 0; block < exponents[row].length; block++) {
        exponents[row][block] = Exponents.of(bits, block * BLOCK, BLOCK);
      }
    }
    updates = new SegmentRows(dtype, segments, exponents);
    double[] factors = new double[rows];
    Arrays.setAll(factors, row -> 1 / Math.sqrt(squares(row, segments)));
    gridSum = new GridSum(grid, factors, dtype, Range.TILE);
  }

  /** Rows as little-endian bytes, as in the update matrix. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record SegmentRows(Dtype dtype, MemorySegment[] segments, Exponents[][] noted)
      implements Rows {
    @Override
    public int count() {
      return segments.length;
    }

    @Override
    public void read(int row, int from, Tile into) {
      into.read(segments[row], (long) from * dtype.bytes());
    }

    @Override
    public Exponents exponents(int row, int from, int count) {
      Exponents all = Exponents.NONE;
      for (int block = from / BLOCK; block * BLOCK < from + count; block++) {
        all = all.and(noted[row][block]);
      }
      return all;
    }

    @Override
    public void gather(int row, int from, int[] indexes, int count, double[] into) {
      for (int i = 0; i < count; i++) {
        into[i] = value(row, from + indexes[i]);
      }
    }

    @Override
    public double value(int row, int index) {
      Tile one = Tile.zeros(dtype, 1);
      one.read(segments[row], (long) index * dtype.bytes());
      return one.get(0);
    }
  }

  private double squares(int row, MemorySegment[] segments) {
    into.read(segments[row], 0);
    return into.squares();
  }

  /** The mean of a tile of updates on a grid, each cut to the norm 1. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public Tile onGrid() {
    gridSum.of(updates, Range.TILE, sums);
    grid.mean(sums, rows, into);
    return into;
  }

  /** The mean of a tile. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public Tile mean() {
    mean.aggregate(updates, into);
    return into;
  }
}
