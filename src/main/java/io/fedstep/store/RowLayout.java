package io.fedstep.store;

import io.fedstep.model.ModelSpec;
import io.fedstep.round.Payload;
import io.fedstep.vector.RowFormat;
import io.fedstep.vector.Shard;

/** Where the rows of an update matrix are in its file, all offsets in bytes. */
final class RowLayout {
  /**
   * Where rows begin that are longer: a tile's bytes, which the page cache then has in one piece.
   */
  private static final long ALIGNMENT = 64 * 1024;

  private final ModelSpec spec;
  private final Payload.Row row;
  private final Shard shard;
  private final long stride;

  /** Whole rows, the first bytes of two of which are {@code stride} apart. */
  RowLayout(ModelSpec spec, Payload.Row row, long stride) {
    this(spec, row, Shard.WHOLE, stride);
  }

  /** Rows of the numbers of a shard's coordinates alone. */
  RowLayout(ModelSpec spec, Shard shard) {
    this(spec, numbers(spec, shard), shard, stride(numbers(spec, shard).bytes()));
  }

  private RowLayout(ModelSpec spec, Payload.Row row, Shard shard, long stride) {
    this.spec = spec;
    this.row = row;
    this.shard = shard;
    this.stride = stride;
  }

  private static Payload.Row numbers(ModelSpec spec, Shard shard) {
    long size = spec.parameters();
    return new Payload.Row(RowFormat.of(spec.dtype()), shard.end(size) - shard.begin(size));
  }

  /** The bytes from row to row of a new matrix; what lies between two is never read. */
  static long stride(long rowBytes) {
    return rowBytes <= 16 * ALIGNMENT
        ? rowBytes
        : (rowBytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  ModelSpec spec() {
    return spec;
  }

  Shard shard() {
    return shard;
  }

  /** The bytes from row to row. */
  long stride() {
    return stride;
  }

  /** The format of the rows' values. */
  RowFormat format() {
    return row.format();
  }

  /** The bytes of a row's values. */
  long rowBytes() {
    return row.bytes();
  }

  /** Where a row begins. */
  long offset(int row) {
    return row * stride;
  }

  /** Where a row's values end. */
  long end(int row) {
    return offset(row) + rowBytes();
  }

  /** The coordinate of a row's first value. */
  long firstCoordinate() {
    return shard.begin(spec.parameters());
  }
}
