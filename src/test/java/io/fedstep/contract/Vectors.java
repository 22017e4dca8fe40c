package io.fedstep.contract;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import tools.jackson.databind.JsonNode;

/** Vectors as the wire has them: little-endian bytes. */
final class Vectors {
  private Vectors() {}

  static byte[] f4(double... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      bytes.putFloat((float) value);
    }
    return bytes.array();
  }

  static byte[] f8(double... values) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      bytes.putDouble(value);
    }
    return bytes.array();
  }

  /** The values, each exact as a double. */
  static double[] values(byte[] vector, String dtype) {
    ByteBuffer bytes = ByteBuffer.wrap(vector).order(ByteOrder.LITTLE_ENDIAN);
    boolean single = dtype.equals("float32");
    var values = new double[vector.length / (single ? 4 : 8)];
    for (int i = 0; i < values.length; i++) {
      values[i] = single ? bytes.getFloat() : bytes.getDouble();
    }
    return values;
  }

  /** A flat JSON array's values. */
  static double[] values(JsonNode array) {
    return array.valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  /** One after the other. */
  static byte[] joined(List<byte[]> parts) {
    var whole = new ByteArrayOutputStream();
    parts.forEach(whole::writeBytes);
    return whole.toByteArray();
  }

  static String hex(byte[] vector) {
    return HexFormat.of().formatHex(vector);
  }

  static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  /** A receipt's digest. */
  static String digest(byte[] vector) {
    var crc = new CRC32C();
    crc.update(vector);
    return "crc32c:" + HexFormat.of().toHexDigits((int) crc.getValue());
  }

  /** One tensor of declearn's packed vectors. */
  static String packed(byte[] tensor, String dtype, String shape) {
    return """
    {"__type__": "np.ndarray", "dump": ["%s", "%s", %s]}\
    """
        .formatted(hex(tensor), dtype, shape);
  }
}
