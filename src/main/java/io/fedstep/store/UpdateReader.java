package io.fedstep.store;

import io.fedstep.aggregate.Rows;
import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Decision;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Exponents;
import io.fedstep.vector.Range;
import io.fedstep.vector.RowFormat;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** The updates of a round, by tiles; each is checked against its digest once all tiles are read. */
public final class UpdateReader {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt WORD32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong WORD64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final RowLayout layout;
  private final ModelSpec spec;
  private final Path file;
  private final MemorySegment mapped;
  private final List<Decision.Accepted> updates;
  private final @Nullable RowExponents[] exponents;
  private final int[][] crcs;
  private final int firstTile;

  /**
   * The updates in a file.
   *
   * @param mapped the file, as far as the rows of the updates go
   * @param exponents of each update, or null where they are not known
   */
  UpdateReader(
      RowLayout layout,
      Path file,
      MemorySegment mapped,
      List<Decision.Accepted> updates,
      @Nullable RowExponents[] exponents) {
    this.layout = layout;
    this.file = file;
    this.mapped = mapped;
    this.updates = updates;
    this.exponents = exponents;
    spec = layout.spec();
    firstTile = layout.shard().firstTile(spec.parameters());
    crcs = new int[updates.size()][layout.shard().endTile(spec.parameters()) - firstTile];
  }

  /** The updates' values in a tile's range, for one thread. */
  public Rows rows(int tile) {
    return new TileRows(tile);
  }

  private final class TileRows implements Rows {
    private final int tile;
    private final long width = layout.format().bytes();

    /** The index in a row of the tile's first value. */
    private final long first;

    private final CRC32C[] sums = new CRC32C[updates.size()];
    private final int[] summed = new int[updates.size()];

    /** Words on their way; a copy and a loop are faster than reading one by one. */
    private final int[] ints = new int[layout.format() == RowFormat.WORD32 ? Range.TILE : 0];

    private final long[] longs = new long[layout.format() == RowFormat.WORD64 ? Range.TILE : 0];

    TileRows(int tile) {
      this.tile = tile;
      first = Range.tile(tile, spec.parameters()).from() - layout.firstCoordinate();
      Arrays.setAll(sums, row -> new CRC32C());
    }

    @Override
    public int count() {
      return updates.size();
    }

    private long offset(int row, int index) {
      return layout.offset(updates.get(row).row()) + (first + index) * width;
    }

    @Override
    public void read(int row, int from, Tile into) {
      long at = offset(row, from);
      into.read(mapped, at); // first, since copying gets bytes from memory twice as fast
      sum(row, from, into.length());
    }

    @Override
    public void addWords(int row, int from, long[] sums, int length) {
      long at = offset(row, from);
      if (layout.format() == RowFormat.WORD32) {
        MemorySegment.copy(mapped, WORD32, at, ints, 0, length);
        for (int i = 0; i < length; i++) {
          sums[i] += ints[i];
        }
      } else {
        MemorySegment.copy(mapped, WORD64, at, longs, 0, length);
        for (int i = 0; i < length; i++) {
          sums[i] += longs[i];
        }
      }
      sum(row, from, length);
    }

    @Override
    public void addWords(int row, int from, int[] sums, int length) {
      MemorySegment.copy(mapped, WORD32, offset(row, from), ints, 0, length);
      for (int i = 0; i < length; i++) {
        sums[i] += ints[i];
      }
      sum(row, from, length);
    }

    private void sum(int row, int from, int length) {
      if (from == summed[row]) { // and not a value that was read before
        sums[row].update(mapped.asSlice(offset(row, from), length * width).asByteBuffer());
        crcs[row][tile - firstTile] = (int) sums[row].getValue();
        summed[row] += length;
      }
    }

    @Override
    public Exponents exponents(int row, int from, int count) {
      RowExponents known = exponents[row]; // unless it was written before a restart
      return known == null ? Exponents.ANY : known.of(first + from, count);
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
  }

  /** What each update's row has behind the model's values, little-endian. */
  public List<ByteBuffer> rests() {
    long values = valueBytes();
    return updates.stream()
        .map(update ->
            mapped
                .asSlice(layout.offset(update.row()) + values, layout.rowBytes() - values)
                .asByteBuffer())
        .toList();
  }

  private long valueBytes() {
    return (layout.shard().end(spec.parameters()) - layout.firstCoordinate())
        * layout.format().bytes();
  }

  /** Checks what was read against the digests that the journal has. */
  public void verify() {
    long width = layout.format().bytes();
    for (int row = 0; row < crcs.length; row++) {
      var joined = new JoinedCrc32c();
      for (int tile = 0; tile < crcs[row].length; tile++) {
        Range range = Range.tile(firstTile + tile, spec.parameters());
        long offset = (range.from() - layout.firstCoordinate()) * width;
        joined.add(offset, range.length() * width, crcs[row][tile]);
      }
      addRest(row, joined);
      String digest = Crc32c.digest(Objects.requireNonNull(joined.of(layout.rowBytes())));
      Decision.Accepted update = updates.get(row);
      if (!update.summary().digest().equals(digest)) {
        throw new CorruptionException(
            file,
            "%s in row %s (client %s)"
                .formatted(update.summary().digest(), update.row(), update.client()),
            digest);
      }
    }
  }

  /** A row of words may have more than a model has coordinates. */
  private void addRest(int row, JoinedCrc32c joined) {
    long values = valueBytes();
    long rest = layout.rowBytes() - values;
    if (rest > 0) {
      var crc = new CRC32C();
      crc.update(
          mapped.asSlice(layout.offset(updates.get(row).row()) + values, rest).asByteBuffer());
      joined.add(values, rest, (int) crc.getValue());
    }
  }
}
