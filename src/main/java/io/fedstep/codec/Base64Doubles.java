package io.fedstep.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;

/** Doubles as text, to the same bits: base64 of their little-endian bytes. */
public final class Base64Doubles {
  private Base64Doubles() {}

  /** The text of values. */
  public static String write(double[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asDoubleBuffer().put(values);
    return Base64.getEncoder().encodeToString(bytes.array());
  }

  /** The values of a text that {@link #write} gave. */
  public static double[] read(String text) {
    byte[] bytes = Base64.getDecoder().decode(text);
    double[] values = new double[bytes.length / Double.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
    return values;
  }
}
