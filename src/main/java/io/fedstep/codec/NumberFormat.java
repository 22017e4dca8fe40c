package io.fedstep.codec;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** How a file may hold a number: IEEE 754 binary16, 32 and 64, and bfloat16. */
enum NumberFormat {
  F16(2),
  BF16(2),
  F32(4),
  F64(8);

  private final int width;

  NumberFormat(int width) {
    this.width = width;
  }

  /** Bytes of a number. */
  int width() {
    return width;
  }

  /** The format of a name as safetensors has it, or null. */
  static @Nullable NumberFormat named(String name) {
    for (NumberFormat one : values()) {
      if (one.name().equals(name)) {
        return one;
      }
    }
    return null;
  }

  /**
   * Reads {@code count} numbers as those from {@code index} on; float64 becomes float32 by rounding
   * to nearest even. {@code what} names them where the file is cut short.
   */
  void read(
      InputStream in, ByteOrder order, VectorIntake intake, long index, long count, String what)
      throws IOException {
    byte[] bytes = new byte[(int) Math.min(intake.tile().length(), count) * width];
    ByteBuffer values = ByteBuffer.wrap(bytes).order(order);
    boolean same = order == ByteOrder.LITTLE_ENDIAN && this == of(intake);
    for (long done = 0; done < count; done += bytes.length / width) {
      int some = (int) Math.min(bytes.length / width, count - done);
      int read = in.readNBytes(bytes, 0, some * width);
      if (read < some * width) {
        throw Json.malformed(
            "%s ends after %s of %s bytes.".formatted(what, done * width + read, count * width));
      }
      if (same) {
        intake.put(index + done, bytes, read);
      } else {
        convert(values, some, intake);
        intake.put(index + done, some);
      }
    }
  }

  private static NumberFormat of(VectorIntake intake) {
    return switch (intake.dtype()) {
      case FLOAT32 -> F32;
      case FLOAT64 -> F64;
    };
  }

  private void convert(ByteBuffer from, int count, VectorIntake intake) {
    switch (intake.tile()) {
      case FloatTile tile -> {
        for (int i = 0; i < count; i++) {
          tile.values()[i] = (float) value(from, i);
        }
      }
      case DoubleTile tile -> {
        for (int i = 0; i < count; i++) {
          tile.values()[i] = value(from, i);
        }
      }
    }
  }

  /** Number {@code index} of those in a buffer. */
  double value(ByteBuffer from, int index) {
    int at = index * width;
    return switch (this) {
      case F16 -> Float.float16ToFloat(from.getShort(at));
      case BF16 -> Float.intBitsToFloat(from.getShort(at) << 16);
      case F32 -> from.getFloat(at);
      case F64 -> from.getDouble(at);
    };
  }
}
