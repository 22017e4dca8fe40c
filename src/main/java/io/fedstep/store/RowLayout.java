package io.fedstep.store;

import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Shard;

/** Where the rows of an update matrix are in its file, all offsets in bytes. */
final class RowLayout {
  /**
   * Where rows begin that are longer: a tile's bytes, which the page cache then has in one piece.
   */
  private static final long ALIGNMENT = 64 * 1024;

  private final ModelSpec spec;
  private final Shard shard;
  private final long stride;

  /** Whole rows, the first bytes of two of which are {@code stride} apart. */
  RowLayout(ModelSpec spec, long stride) {
    this(spec, Shard.WHOLE, stride);
  }

  /** Rows of a shard's coordinates alone. */
  RowLayout(ModelSpec spec, Shard shard) {
    this(spec, shard, stride(bytes(spec, shard)));
  }

  private RowLayout(ModelSpec spec, Shard shard, long stride) {
    this.spec = spec;
    this.shard = shard;
    this.stride = stride;
  }

  private static long bytes(ModelSpec spec, Shard shard) {
    long size = spec.parameters();
    return (shard.end(size) - shard.begin(size)) * spec.dtype().bytes();
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

  /** The bytes of a row's values. */
  long rowBytes() {
    return bytes(spec, shard);
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
