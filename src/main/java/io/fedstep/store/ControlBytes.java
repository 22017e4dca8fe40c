package io.fedstep.store;

import io.fedstep.model.ModelSpec;
import io.fedstep.optim.ScaffoldServer;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.function.BiConsumer;

/** The mean of clients' controls, computed from their sum in a state as it is read. */
final class ControlBytes implements VersionBytes {
  private final ModelSpec spec;
  private final StateFile state;
  private final BiConsumer<Range, Tile> sum;
  private final int clients;
  private final Runnable release;
  private final Tile tile;
  private final MemorySegment bytes;

  /**
   * The mean, of the stepped tensors alone.
   *
   * @param state closed with this
   * @param clients of how many the sum is
   * @param release run once this is closed
   */
  ControlBytes(ModelSpec spec, StateFile state, int clients, Runnable release) {
    this.spec = spec;
    this.state = state;
    this.clients = clients;
    this.release = release;
    sum = state.controls();
    tile = Tile.zeros(spec.dtype(), (int) Math.min(Range.TILE, spec.layout().stepped().size()));
    bytes = MemorySegment.ofArray(new byte[tile.length() * spec.dtype().bytes()]);
  }

  /** How many there are for a model. */
  static long bytes(ModelSpec spec) {
    return spec.layout().stepped().size() * spec.dtype().bytes();
  }

  @Override
  public long length() {
    return bytes(spec);
  }

  @Override
  public void read(long offset, ByteBuffer into) {
    int width = spec.dtype().bytes();
    long at = offset;
    while (into.hasRemaining()) {
      long first = at / width;
      int skipped = (int) (at % width);
      long wanted = Math.ceilDiv((long) skipped + into.remaining(), width);
      var range = new Range(first, (int) Math.min(tile.length(), wanted));
      Tile values = tile.first(range.length());
      sum.accept(range, values);
      ScaffoldServer.toControl(values, clients);
      values.write(bytes, 0);
      int count = Math.min(range.length() * width - skipped, into.remaining());
      into.put(bytes.asByteBuffer().slice(skipped, count));
      at += count;
    }
  }

  @Override
  public void close() {
    state.close();
    release.run();
  }
}
