package io.fedstep.vector;

import java.util.Locale;

/**
 * The format of a row's values on disk, little-endian: the numbers of a model, or words, which are
 * whole numbers modulo two to the power of their bits.
 */
public enum RowFormat {
  FLOAT32(4),
  FLOAT64(8),
  WORD32(4),
  WORD64(8);

  private final int bytes;

  RowFormat(int bytes) {
    this.bytes = bytes;
  }

  /** The format of a model's numbers. */
  public static RowFormat of(Dtype dtype) {
    return switch (dtype) {
      case FLOAT32 -> FLOAT32;
      case FLOAT64 -> FLOAT64;
    };
  }

  /** Bytes of one value. */
  public int bytes() {
    return bytes;
  }

  /** The name in a journal. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
