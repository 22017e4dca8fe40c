package io.fedstep.store;

import io.fedstep.codec.HalfFormat;
import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Weights in a format of fewer bytes, computed whenever they are read. */
final class HalfBytes implements VersionBytes {
  private final ModelSpec spec;
  private final HalfFormat format;
  private final VersionBytes weights;
  private final byte[] bytes;
  private final Tile tile;
  private final byte[] rounded;

  HalfBytes(ModelSpec spec, HalfFormat format, VersionBytes weights) {
    this.spec = spec;
    this.format = format;
    this.weights = weights;
    tile = Tile.zeros(spec.dtype(), (int) Math.min(Range.TILE, spec.parameters()));
    bytes = new byte[tile.length() * spec.dtype().bytes()];
    rounded = new byte[tile.length() * format.width()];
  }

  @Override
  public long length() {
    return spec.parameters() * format.width();
  }

  @Override
  public void read(long offset, ByteBuffer into) {
    for (long at = offset; into.hasRemaining(); ) {
      long first = at / format.width();
      int count = (int) Math.min(tile.length(), spec.parameters() - first);
      if (round(first, count) >= 0) {
        throw new IllegalStateException("the weights have been looked through");
      }
      int skipped = (int) (at % format.width());
      int length = Math.min(count * format.width() - skipped, into.remaining());
      into.put(rounded, skipped, length);
      at += length;
    }
  }

  /** Rounds values for {@link #rounded()}; the index of the first beyond the format, or -1. */
  long round(long first, int count) {
    int width = spec.dtype().bytes();
    weights.read(first * width, ByteBuffer.wrap(bytes, 0, count * width));
    Tile some = tile.first(count);
    some.read(MemorySegment.ofArray(bytes), 0);
    int beyond = format.round(some, rounded);
    return beyond < 0 ? -1 : first + beyond;
  }

  /** The bytes of the values that were rounded last. */
  byte[] rounded() {
    return rounded;
  }

  /** How many values are rounded at once. */
  int most() {
    return tile.length();
  }

  @Override
  public void close() {
    weights.close();
  }
}
