package io.fedstep.store;

import io.fedstep.codec.VectorSink;
import io.fedstep.round.Decision;
import io.fedstep.vector.RowFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The updates of a model's rounds: a row each, in the format of its protocol's rows. One file
 * serves round after round, since writing over blocks that exist is faster than over new ones. A
 * row belongs to an upload from {@link #allocate} to {@link #release} or {@link #keep}; the file is
 * open while an upload is under way.
 */
public final class UpdateMatrix implements AutoCloseable {
  private final RoundFile file;
  private final RowLayout layout;
  private final BitSet used = new BitSet();
  private final Map<Integer, RowExponents> exponents = new HashMap<>();
  private final Forcing forcing;
  private int users;
  private Arena mapping = Arena.ofShared();
  private MemorySegment mapped = MemorySegment.NULL;

  UpdateMatrix(Disk disk, Path path, RowLayout layout) {
    this.layout = layout;
    file = new RoundFile(disk, path);
    forcing = new Forcing(file::force);
  }

  RowLayout layout() {
    return layout;
  }

  /**
   * Allocates the lowest free row to an upload, which ends with {@link #keep} or {@link #release}.
   */
  public synchronized int allocate() {
    int row = used.nextClearBit(0);
    used.set(row);
    if (layout.format() == RowFormat.FLOAT32) {
      exponents.put(row, new RowExponents(layout.rowBytes() / Float.BYTES));
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
    used.clear(row);
    exponents.remove(row);
  }

  private void closeIfUnused() {
    if (users == 0) {
      file.closeUntilUsed();
    }
  }

  /** Marks the rows of updates that were accepted before a restart as in use. */
  synchronized void recover(Collection<Decision.Accepted> updates) {
    updates.forEach(update -> used.set(update.row()));
    forcing.force(); // like the journal: what is shown from now on has to be durable
    closeIfUnused();
  }

  /** Moves on to the next round, with the rows that uploads still write. */
  void advance(Path to, Collection<Decision.Accepted> over) {
    file.rename(to); // without the lock, under which rows are allocated
    synchronized (this) {
      over.forEach(update -> free(update.row()));
    }
  }

  /** Where an upload writes. */
  public VectorSink row(int row) {
    long rowBegin = layout.offset(row);
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

  /** Bytes that the file has to grow by until it has so many rows. */
  public long bytesUntil(int rows) {
    return Math.max(0, layout.end(rows - 1) - file.bytes());
  }

  /** Reads a row from some byte on. */
  public void read(int row, long offset, ByteBuffer into) {
    file.read(layout.offset(row) + offset, into);
  }

  /** Makes every row durable whose writes have returned. */
  public void force() {
    forcing.force();
  }

  /** The rows of a round's updates, to be read by tiles, on the model's thread. */
  public UpdateReader read(List<Decision.Accepted> updates) {
    RowExponents[] noted =
        updates.stream().map(update -> exponents(update.row())).toArray(RowExponents[]::new);
    long end = updates.stream().mapToLong(update -> layout.end(update.row())).max().orElse(0);
    return new UpdateReader(layout, file.path(), map(end), updates, noted);
  }

  /** Maps the rows; the mapping stays, so that later rounds find their pages in place. */
  @SuppressWarnings("MustBeClosedChecker") // closed with the matrix
  private synchronized MemorySegment map(long end) {
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
      return mapped;
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
