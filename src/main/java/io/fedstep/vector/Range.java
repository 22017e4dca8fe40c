package io.fedstep.vector;

/**
 * A run of coordinates of the flat vector, short enough for arrays.
 *
 * @param from index of the first
 * @param length how many
 */
public record Range(long from, int length) {
  /** Values in a tile: its buffers of doubles stay within a core's cache (measured: 16K). */
  public static final int TILE = 16 * 1024;

  /** The number of tiles that {@code size} values need. */
  public static long tiles(long size) {
    return (size + TILE - 1) / TILE;
  }

  /** The tile number {@code index} of a vector of {@code size} values. */
  public static Range tile(long index, long size) {
    long from = index * TILE;
    return new Range(from, (int) Math.min(TILE, size - from));
  }

  /** The index after the last coordinate. */
  public long end() {
    return from + length;
  }
}
