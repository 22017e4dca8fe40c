package io.fedstep.secure;

import io.fedstep.vector.Range;
import java.util.Collections;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Masks that are taken off a tile of sums, and the keystreams that this takes by itself. */
@State(Scope.Benchmark)
public class WordsBenchmark {
  private static final int MASKS = 4;

  private final long[] sums = new long[Range.TILE];
  private final int[] ints = new int[Range.TILE];
  private final byte[] stream = new byte[Range.TILE * Long.BYTES];
  private final Words words = new Words();
  private final Keystream keystream = new Keystream();
  private final Mask mask = new Mask(new byte[Sharing.BYTES], false);
  private final List<Mask> masks = Collections.nCopies(MASKS, mask);
  private long offset;

  @Param({"32", "64"})
  private int bits = Integer.SIZE;

  private int bytes() {
    return Range.TILE * bits / Byte.SIZE;
  }

  /** The masks of the next tile, off its sums. */
  @Benchmark
  @OperationsPerInvocation(MASKS * Range.TILE)
  public long unmask() {
    if (bits == Integer.SIZE) {
      words.add(masks, offset, ints, Range.TILE);
    } else {
      masks.forEach(one -> words.add(one, offset, bits, sums, Range.TILE));
    }
    offset += bytes();
    return sums[0] + ints[0];
  }

  /** AES-CTR of as many bytes. */
  @Benchmark
  @OperationsPerInvocation(MASKS * Range.TILE)
  public byte[] aes() {
    masks.forEach(one -> keystream.read(one.seed(), offset, stream, bytes()));
    offset += bytes();
    return stream;
  }
}
