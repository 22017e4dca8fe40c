package io.fedstep.store;

import io.fedstep.aggregate.Rows;
import io.fedstep.codec.Crc32c;
import io.fedstep.codec.VectorSink;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Decision;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The updates of a model's rounds: a row each, the flat vector in the model's dtype. One file
 * serves round after round, since writing over blocks that exist is faster than over new ones; a
 * row belongs to an upload from the moment it is taken until it is given back.
 */
public final class UpdateMatrix implements AutoCloseable {
  private final RandomFile file;
  private final ModelSpec spec;
  private final BitSet taken = new BitSet();

  UpdateMatrix(Path path, ModelSpec spec) {
    this.spec = spec;
    file = RandomFile.toWrite(path);
  }

  /** Takes the lowest free row. */
  public synchronized int take() {
    int row = taken.nextClearBit(0);
    taken.set(row);
    return row;
  }

  /** Takes the row of an update that was accepted before a restart. */
  synchronized void take(int row) {
    taken.set(row);
  }

  /** Gives a row back; what is in it is never read again. */
  public synchronized void release(int row) {
    taken.clear(row);
  }

  void rename(Path to) {
    file.rename(to);
  }

  /** Where an upload writes. */
  public VectorSink row(int row) {
    long begin = row * spec.vectorBytes();
    return (offset, bytes) -> file.write(begin + offset, bytes);
  }

  /** Makes every row durable whose writes have returned. */
  public void force() {
    file.force();
  }

  /** Maps the rows of a round's updates, to be read once by tiles. */
  public Reader read(List<Decision.Accepted> updates) {
    return new Reader(updates);
  }

  /** The updates of a round, mapped; each is checked against its digest once all tiles are read. */
  public final class Reader implements AutoCloseable {
    private final List<Decision.Accepted> updates;
    private final int[][] crcs;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment mapped;

    Reader(List<Decision.Accepted> updates) {
      this.updates = updates;
      crcs = new int[updates.size()][(int) Range.tiles(spec.parameters())];
      long end = 0;
      for (Decision.Accepted update : updates) {
        end = Math.max(end, (update.row() + 1L) * spec.vectorBytes());
      }
      if (file.size() < end) {
        throw new CorruptionException(
            file.path(), "at least %d bytes".formatted(end), "%d".formatted(file.size()));
      }
      try {
        mapped = file.channel().map(FileChannel.MapMode.READ_ONLY, 0, end, arena);
      } catch (IOException e) {
        throw new StorageException(file.path().toString(), e);
      }
    }

    /** The updates' values in a tile's range. */
    public Rows rows(long tile) {
      Range range = Range.tile(tile, spec.parameters());
      long width = spec.dtype().bytes();
      return new Rows() {
        @Override
        public int count() {
          return updates.size();
        }

        private MemorySegment bytes(int row) {
          return mapped.asSlice(
              updates.get(row).row() * spec.vectorBytes() + range.from() * width,
              range.length() * width);
        }

        @Override
        public void read(int row, Tile into) {
          MemorySegment bytes = bytes(row);
          var crc = new CRC32C();
          crc.update(bytes.asByteBuffer());
          crcs[row][(int) tile] = (int) crc.getValue();
          into.read(bytes, 0);
        }

        @Override
        public double value(int row, int index) {
          MemorySegment bytes = bytes(row);
          return spec.dtype() == Dtype.FLOAT32
              ? bytes.get(FLOAT, index * width)
              : bytes.get(DOUBLE, index * width);
        }
      };
    }

    /** Checks what was read against the digests that the journal has. */
    public void verify() {
      for (int row = 0; row < crcs.length; row++) {
        int crc = crcs[row][0];
        for (int tile = 1; tile < crcs[row].length; tile++) {
          long length = (long) Range.tile(tile, spec.parameters()).length() * spec.dtype().bytes();
          crc = Crc32c.concat(crc, crcs[row][tile], length);
        }
        Decision.Accepted update = updates.get(row);
        if (!update.content().digest().equals(Crc32c.digest(crc))) {
          throw new CorruptionException(
              file.path(),
              "%s in row %d (client %s)"
                  .formatted(update.content().digest(), update.row(), update.client()),
              Crc32c.digest(crc));
        }
      }
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public void close() {
    file.close();
  }
}
