package io.fedstep.vector;

import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What each value of an update goes through on its way in. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // by JMH
public class TileBenchmark {
  @Param({"FLOAT32", "FLOAT64"})
  public Dtype dtype;

  private Tile tile;
  private MemorySegment bytes;

  /** A tile of zeros, and its bytes. */
  @Setup
  public void begin() {
    tile = Tile.zeros(dtype, Range.TILE);
    bytes = MemorySegment.ofArray(new byte[Range.TILE * dtype.bytes()]);
  }

  /** From bytes to values. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public Tile read() {
    tile.read(bytes, 0);
    return tile;
  }

  /** The check for NaN and infinity. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public int firstNotFinite() {
    return tile.firstNotFinite();
  }

  /** The square of the norm. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public double squares() {
    return tile.squares();
  }
}
