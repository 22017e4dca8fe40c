package io.fedstep.vector;

import java.util.Locale;

/** The number format of a model: IEEE 754 binary32 or binary64, little-endian on disk and wire. */
public enum Dtype {
  FLOAT32(4),
  FLOAT64(8);

  private final int bytes;

  Dtype(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one value. */
  public int bytes() {
    return bytes;
  }

  /** The name in a spec, {@code float32} or {@code float64}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
