package io.fedstep.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A model's number format. Values are held as doubles that are numbers of the format. */
enum Numbers {
  FLOAT32(4, 24),
  FLOAT64(8, 53);

  private final int width;
  private final int precision;

  Numbers(int width, int precision) {
    this.width = width;
    this.precision = precision;
  }

  int width() {
    return width;
  }

  /** Significant bits. */
  int precision() {
    return precision;
  }

  /**
   * The nearest number of the format. A sum, product, quotient or root of two float32 numbers that
   * is rounded to double first is still rounded right: 53 is more than twice 24.
   */
  double round(double value) {
    return this == FLOAT32 ? (float) value : value;
  }

  byte[] bytes(double[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * width).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      if (this == FLOAT32) {
        bytes.putFloat((float) value);
      } else {
        bytes.putDouble(value);
      }
    }
    return bytes.array();
  }

  /** The shortest decimal of the format. */
  String text(double value) {
    return this == FLOAT32 ? Float.toString((float) value) : Double.toString(value);
  }
}
