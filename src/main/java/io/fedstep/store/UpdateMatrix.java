package io.fedstep.store;

import io.fedstep.aggregate.Rows;
import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.VectorSink;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Decision;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Exponents;
import io.fedstep.vector.Range;
import io.fedstep.vector.Shard;
import io.fedstep.vector.Tile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The updates of a model's rounds: a row each, the flat vector in the model's dtype. One file
 * serves round after round, since writing over blocks that exist is faster than over new ones. A
 * row belongs to an upload from {@link #allocate} to {@link #release} or {@link #keep}; the file is
 * open while an upload is under way.
 */
public final class UpdateMatrix implements AutoCloseable {
  /**
   * Where rows begin that are longer: a tile's bytes, which the page cache then has in one piece.
   */
  private static final long ALIGNMENT = 64 * 1024;

  private final RoundFile file;
  private final ModelSpec spec;
  private final Shard shard;
  private final long begin;
  private final long rowBytes;
  private final long stride;
  private final BitSet taken = new BitSet();
  private final Map<Integer, RowExponents> exponents = new HashMap<>();
  private final Forcing forcing;
  private int users;
  private Arena mapping = Arena.ofShared();
  private MemorySegment mapped = MemorySegment.NULL;

  /** Whole rows, the first bytes of two of which are {@code stride} apart. */
  UpdateMatrix(Disk disk, Path path, ModelSpec spec, long stride) {
    this(disk, path, spec, Shard.WHOLE, stride);
  }

  /** Rows of a shard's coordinates alone. */
  UpdateMatrix(Disk disk, Path path, ModelSpec spec, Shard shard) {
    this(disk, path, spec, shard, stride(rowBytes(spec, shard)));
  }

  private UpdateMatrix(Disk disk, Path path, ModelSpec spec, Shard shard, long stride) {
    this.spec = spec;
    this.shard = shard;
    begin = shard.begin(spec.parameters());
    rowBytes = rowBytes(spec, shard);
    this.stride = stride;
    file = new RoundFile(disk, path);
    forcing = new Forcing(file::force);
  }

  private static long rowBytes(ModelSpec spec, Shard shard) {
    long size = spec.parameters();
    return (shard.end(size) - shard.begin(size)) * spec.dtype().bytes();
  }

  /** The bytes from row to row of a new matrix; what lies between two is never read. */
  static long stride(long rowBytes) {
    return rowBytes <= 16 * ALIGNMENT
        ? rowBytes
        : (rowBytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** The bytes from row to row. */
  long stride() {
    return stride;
  }

  /**
   * Allocates the lowest free row to an upload, which ends with {@link #keep} or {@link #release}.
   */
  public synchronized int allocate() {
    int row = taken.nextClearBit(0);
    taken.set(row);
    if (spec.dtype() == Dtype.FLOAT32) {
      exponents.put(row, new RowExponents(rowBytes / Float.BYTES));
    }
    users++;
    return row;
  }

  /** Ends an upload whose update is in the round, or a force ahead, which counts as an upload. */
  public synchronized void keep() {
    users--;
    closeIfUnused();
  }

  /** Ends the upload to a row, and frees it: its values are never read again. */
  public synchronized void release(int row) {
    free(row);
    users--;
    closeIfUnused();
  }

  private void free(int row) {
    taken.clear(row);
    exponents.remove(row);
  }

  private void closeIfUnused() {
    if (users == 0) {
      file.closeUntilUsed();
    }
  }

  /** Marks the rows of updates that were accepted before a restart as in use. */
  synchronized void recover(Collection<Decision.Accepted> updates) {
    updates.forEach(update -> taken.set(update.row()));
    forcing.force(); // as the journal: what is answered from now on has to be durable
    closeIfUnused();
  }

  /** Moves on to the next round, with the rows that uploads still write. */
  void advance(Path to, Collection<Decision.Accepted> over) {
    file.rename(to); // without the lock, in which rows are taken
    synchronized (this) {
      over.forEach(update -> free(update.row()));
    }
  }

  /** Where an upload writes. */
  public VectorSink row(int row) {
    long rowBegin = row * stride;
    RowExponents noted = exponents(row);
    int[] buffer = noted == null ? new int[0] : noted.buffer();
    return (offset, bytes) -> {
      int length = bytes.remaining();
      if (noted != null) {
        noted.note(offset, bytes, buffer);
      }
      file.write(rowBegin + offset, bytes);
      if (forcing.isDue(length)) {
        use();
        Thread.startVirtualThread(this::forceAhead);
      }
    };
  }

  private synchronized @Nullable RowExponents exponents(int row) {
    return exponents.get(row);
  }

  private synchronized void use() {
    users++;
  }

  private void forceAhead() {
    forcing.ahead();
    keep();
  }

  /** Reads a row from some byte on. */
  public void read(int row, long offset, ByteBuffer into) {
    file.read(row * stride + offset, into);
  }

  /** Makes every row durable whose writes have returned. */
  public void force() {
    forcing.force();
  }

  /** The rows of a round's updates, to be read by tiles, on the model's thread. */
  public Reader read(List<Decision.Accepted> updates) {
    return new Reader(updates);
  }

  /** The updates of a round; each is checked against its digest once all tiles are read. */
  public final class Reader {
    private final List<Decision.Accepted> updates;
    private final @Nullable RowExponents[] noted;
    private final int[][] crcs;
    private final int firstTile;

    Reader(List<Decision.Accepted> updates) {
      this.updates = updates;
      noted = updates.stream().map(update -> exponents(update.row())).toArray(RowExponents[]::new);
      firstTile = shard.firstTile(spec.parameters());
      crcs = new int[updates.size()][shard.endTile(spec.parameters()) - firstTile];
      long end = 0;
      for (Decision.Accepted update : updates) {
        end = Math.max(end, update.row() * stride + rowBytes);
      }
      map(end);
    }

    /** The updates' values in a tile's range. */
    public Rows rows(int tile) {
      Range range = Range.tile(tile, spec.parameters());
      long width = spec.dtype().bytes();
      var sums = new CRC32C[updates.size()];
      Arrays.setAll(sums, row -> new CRC32C());
      int[] summed = new int[updates.size()];
      return new Rows() {
        @Override
        public int count() {
          return updates.size();
        }

        private long offset(int row, int index) {
          return updates.get(row).row() * stride + (range.from() - begin + index) * width;
        }

        @Override
        public void read(int row, int from, Tile into) {
          long at = offset(row, from);
          into.read(mapped, at); // first, since copying gets bytes from memory twice as fast
          if (from == summed[row]) { // and not a value that was read before
            sums[row].update(mapped.asSlice(at, into.length() * width).asByteBuffer());
            crcs[row][tile - firstTile] = (int) sums[row].getValue();
            summed[row] += into.length();
          }
        }

        @Override
        public Exponents exponents(int row, int from, int count) {
          RowExponents known = noted[row]; // unless it was written before a restart
          return known == null ? Exponents.ANY : known.of(range.from() - begin + from, count);
        }

        @Override
        public void gather(int row, int from, int[] indexes, int count, double[] into) {
          long at = offset(row, from);
          if (spec.dtype() == Dtype.FLOAT32) {
            for (int i = 0; i < count; i++) {
              into[i] = mapped.get(FLOAT, at + indexes[i] * width);
            }
          } else {
            for (int i = 0; i < count; i++) {
              into[i] = mapped.get(DOUBLE, at + indexes[i] * width);
            }
          }
        }

        @Override
        public double value(int row, int index) {
          return spec.dtype() == Dtype.FLOAT32
              ? mapped.get(FLOAT, offset(row, index))
              : mapped.get(DOUBLE, offset(row, index));
        }
      };
    }

    /** Checks what was read against the digests that the journal has. */
    public void verify() {
      for (int row = 0; row < crcs.length; row++) {
        var joined = new JoinedCrc32c();
        for (int tile = 0; tile < crcs[row].length; tile++) {
          Range range = Range.tile(firstTile + tile, spec.parameters());
          long width = spec.dtype().bytes();
          joined.add((range.from() - begin) * width, range.length() * width, crcs[row][tile]);
        }
        String digest = Crc32c.digest(Objects.requireNonNull(joined.of(rowBytes)));
        Decision.Accepted update = updates.get(row);
        if (!update.summary().digest().equals(digest)) {
          throw new CorruptionException(
              file.path(),
              "%s in row %s (client %s)"
                  .formatted(update.summary().digest(), update.row(), update.client()),
              digest);
        }
      }
    }
  }

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Maps the rows; the mapping stays, so that later rounds find their pages in place. */
  @SuppressWarnings("MustBeClosedChecker") // closed with the matrix
  private synchronized void map(long end) {
    long size = file.size();
    try {
      if (size < end) {
        throw new CorruptionException(
            file.path(), "at least %s bytes".formatted(end), "%s".formatted(size));
      }
      if (mapped.byteSize() < end) {
        mapping.close();
        mapped = MemorySegment.NULL;
        mapping = Arena.ofShared();
        mapped = file.map(end, mapping);
      }
    } finally {
      closeIfUnused();
    }
  }

  /** Closes it for good, and removes its file. */
  public synchronized void remove() {
    close();
    file.remove();
  }

  @Override
  public synchronized void close() {
    if (mapping.scope().isAlive()) {
      mapping.close();
    }
    file.close();
  }
}
