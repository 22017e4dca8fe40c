package io.fedstep.privacy;

import io.fedstep.vector.Range;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The noise of a tile of coordinates, added to its sums. */
@State(Scope.Benchmark)
public class NoiseBenchmark {
  private final long[] sums = new long[Range.TILE];
  private final Noise noise = new Noise(new byte[Noise.KEY_BYTES]);
  private long from;

  /** The noise of the next tile. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public long[] noise() {
    noise.add(from, Range.TILE, sums);
    from += Range.TILE;
    return sums;
  }
}
