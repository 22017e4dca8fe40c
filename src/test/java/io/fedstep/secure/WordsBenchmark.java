package io.fedstep.secure;

import io.fedstep.vector.Range;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A mask that is taken off a tile of sums, and the keystream that this takes by itself. */
@State(Scope.Benchmark)
public class WordsBenchmark {
  private final long[] sums = new long[Range.TILE];
  private final byte[] stream = new byte[Range.TILE * Long.BYTES];
  private final Words words = new Words();
  private final Keystream keystream = new Keystream();
  private final Mask mask = new Mask(new byte[Sharing.BYTES], false);
  private long offset;

  @Param({"32", "64"})
  private int bits = Integer.SIZE;

  private int bytes() {
    return Range.TILE * bits / Byte.SIZE;
  }

  /** The mask of the next tile, off its sums. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public long[] unmask() {
    words.add(mask, offset, bits, sums, Range.TILE);
    offset += bytes();
    return sums;
  }

  /** AES-CTR of as many bytes. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public byte[] aes() {
    keystream.read(mask.seed(), offset, stream, bytes());
    offset += bytes();
    return stream;
  }
}
