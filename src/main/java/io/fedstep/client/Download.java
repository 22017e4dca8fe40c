package io.fedstep.client;

import java.nio.ByteBuffer;
import java.util.Locale;

/** In which dtype weights are fetched, to have them in fewer bytes; they come in the model's. */
public enum Download {
  /** The range of float32, eight bits of precision. */
  BFLOAT16(2),
  /** Eleven bits of precision, up to 65504. */
  FLOAT16(2),
  /** Half of a model in float64; of one in float32 the whole. */
  FLOAT32(4),
  /** The whole of a model in float64. */
  FLOAT64(8);

  private final int width;

  Download(int width) {
    this.width = width;
  }

  /** The name as a media type's parameter has it. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Bytes of a value. */
  int width() {
    return width;
  }

  /** The next value of some. */
  double next(ByteBuffer values) {
    return switch (this) {
      case BFLOAT16 -> Float.intBitsToFloat(values.getShort() << Short.SIZE);
      case FLOAT16 -> Float.float16ToFloat(values.getShort());
      case FLOAT32 -> values.getFloat();
      case FLOAT64 -> values.getDouble();
    };
  }

  /** Writes a value of a dtype that is not shorter than a model's. */
  void put(double value, ByteBuffer to) {
    if (this == FLOAT64) {
      to.putDouble(value);
    } else {
      to.putFloat((float) value);
    }
  }
}
