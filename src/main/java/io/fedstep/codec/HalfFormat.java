package io.fedstep.codec;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A number format with fewer bytes than a model's, in which its weights can be had. */
public enum HalfFormat {
  BFLOAT16("BF16", 2),
  FLOAT16("F16", 2),
  /** Of models in float64. */
  FLOAT32("F32", 4);

  private final String dtype;
  private final int width;

  HalfFormat(String dtype, int width) {
    this.dtype = dtype;
    this.width = width;
  }

  /** Those that a model in a dtype has. */
  public static List<HalfFormat> of(Dtype dtype) {
    return Arrays.stream(values()).filter(one -> one.width < dtype.bytes()).toList();
  }

  /** The name as a media type's parameter has it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Bytes of a number. */
  public int width() {
    return width;
  }

  /** The name in safetensors. */
  String dtype() {
    return dtype;
  }

  /**
   * Rounds values to the nearest numbers of this format, ties to even, each once.
   *
   * @param into their little-endian bytes
   * @return the index of the first value that became infinite, or -1
   */
  public int round(Tile values, byte[] into) {
    for (int i = 0; i < values.length(); i++) {
      float odd =
          switch (values) {
            case FloatTile floats -> floats.values()[i];
            case DoubleTile doubles ->
                this == FLOAT32 ? (float) doubles.values()[i] : toOdd(doubles.values()[i]);
          };
      int bits = bits(odd);
      if (isInfinite(bits)) {
        return i;
      }
      for (int k = 0; k < width; k++) {
        into[width * i + k] = (byte) (bits >>> (Byte.SIZE * k));
      }
    }
    return -1;
  }

  private int bits(float value) {
    return switch (this) {
      case BFLOAT16 -> {
        int bits = Float.floatToRawIntBits(value);
        yield (bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16;
      }
      case FLOAT16 -> Float.floatToFloat16(value) & 0xFFFF;
      case FLOAT32 -> Float.floatToRawIntBits(value);
    };
  }

  private boolean isInfinite(int bits) {
    return switch (this) {
      case BFLOAT16 -> (bits & 0x7FFF) == 0x7F80;
      case FLOAT16 -> (bits & 0x7FFF) == 0x7C00;
      case FLOAT32 -> (bits & 0x7FFFFFFF) == 0x7F800000;
    };
  }

  /**
   * A double as a float that rounds to a shorter format as the double does: what does not fit is
   * cut off, and makes the last bit a 1 (S. Boldo, G. Melquiond, Emulation of FMA and Correctly
   * Rounded Sums, 2008).
   */
  private static float toOdd(double value) {
    float nearest = (float) value;
    if (nearest == value) {
      return nearest;
    }
    int bits = Float.floatToRawIntBits(nearest);
    return Float.intBitsToFloat((Math.abs(nearest) > Math.abs(value) ? bits - 1 : bits) | 1);
  }
}
