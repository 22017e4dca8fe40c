package io.fedstep.vector;

import java.lang.foreign.MemorySegment;

/** The values of one range of coordinates, in a heap array that its owner reuses. */
public sealed interface Tile permits FloatTile, DoubleTile {
  /** The number of values, at most the array's length. */
  int length();

  /** Zeros. */
  static Tile zeros(Dtype dtype, int length) {
    return switch (dtype) {
      case FLOAT32 -> new FloatTile(new float[length], length);
      case FLOAT64 -> new DoubleTile(new double[length], length);
    };
  }

  /** The number format. */
  Dtype dtype();

  /** The first {@code length} of these values, on the same array. */
  Tile first(int length);

  /** Runs the loop of this tile's dtype over its values. */
  void run(Loop.Floats floats, Loop.Doubles doubles);

  /** The same over this tile's values and those of another of its dtype. */
  void run(Tile b, Loop.TwoFloats floats, Loop.TwoDoubles doubles);

  /** The same over this tile's values and those of two others of its dtype. */
  void run(Tile b, Tile c, Loop.ThreeFloats floats, Loop.ThreeDoubles doubles);

  /** Fills this tile from little-endian bytes that begin at {@code offset}. */
  void read(MemorySegment bytes, long offset);

  /** Writes this tile as little-endian bytes from {@code offset} on. */
  void write(MemorySegment bytes, long offset);

  /** Puts the values of a tile of the same dtype in the place of those from {@code at} on. */
  default void put(int at, Tile part) {
    put(at, part, 0, part.length());
  }

  /**
   * Puts {@code count} values of a tile of the same dtype, from {@code from} on, in the place of
   * those from {@code at} on.
   */
  void put(int at, Tile other, int from, int count);

  /** Makes every value zero. */
  default void clear() {
    clear(0, length());
  }

  /** Makes the values from {@code from} up to {@code end} zero. */
  void clear(int from, int end);

  /** The value at {@code index}, widened. */
  double get(int index);

  /** The index of the first value that is NaN or infinite, or -1. */
  int firstNotFinite();

  /**
   * The sum of the squares as {@link Squares} has it, in double, in an order that depends on the
   * length alone.
   */
  double squares();
}
