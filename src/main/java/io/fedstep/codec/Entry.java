package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.vector.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * An entry of a safetensors header: a run of numbers.
 *
 * @param name of a tensor, or of a part of one
 * @param dtype as safetensors names it
 * @param shape dimensions
 * @param begin of its bytes, counted behind the header
 * @param end of its bytes
 */
record Entry(String name, String dtype, List<Long> shape, long begin, long end) {
  /**
   * Reads an entry; its bytes are those of its dtype and shape.
   *
   * @param tensor that is at fault for a dtype that nothing has
   */
  static Entry of(String name, String tensor, JsonNode json) {
    String dtype = json.path("dtype").asString("");
    int width = width(dtype);
    if (width == 0) {
      throw unread(tensor, json.path("dtype").toString());
    }
    List<Long> shape = longs(json.path("shape"), name);
    List<Long> offsets = longs(json.path("data_offsets"), name);
    long bytes = bytes(width, shape);
    if (offsets.size() != 2
        || offsets.getFirst() < 0
        || offsets.getLast() - offsets.getFirst() != bytes) {
      throw Json.malformed(
          "The data_offsets of tensor '%s' are %s, which are not its %s bytes."
              .formatted(name, json.path("data_offsets"), bytes));
    }
    return new Entry(name, dtype, shape, offsets.getFirst(), offsets.getLast());
  }

  private static int width(String dtype) {
    NumberFormat format = NumberFormat.named(dtype);
    if (format != null) {
      return format.width();
    }
    return switch (dtype) {
      case "I8", "U8" -> Byte.BYTES;
      case "U32" -> Integer.BYTES;
      default -> 0;
    };
  }

  /** The bytes of an array, or a number that no offsets have. */
  private static long bytes(long width, List<Long> shape) {
    long bytes = width;
    for (long dimension : shape) {
      if (dimension < 0 || Math.multiplyHigh(bytes, dimension) != 0 || bytes * dimension < 0) {
        return -1;
      }
      bytes *= dimension;
    }
    return bytes;
  }

  private static List<Long> longs(JsonNode array, String name) {
    var longs = new ArrayList<Long>();
    for (JsonNode one : array) {
      if (!one.canConvertToLong() || !one.isIntegralNumber()) {
        longs.clear();
        break;
      }
      longs.add(one.longValue());
    }
    if (!array.isArray() || longs.size() < array.size()) {
      throw Json.malformed(
          "The safetensors entry of tensor '%s' needs arrays of integers.".formatted(name));
    }
    return longs;
  }

  /** The number format of a tensor that comes as it is; what is not of its shape is refused. */
  NumberFormat formatOf(Tensor tensor) {
    NumberFormat format = NumberFormat.named(dtype);
    if (format == null) {
      throw unread(name, dtype);
    }
    check(dtype, tensor.shape(), tensor);
    return format;
  }

  /** Refuses a part of a tensor that has another dtype or shape. */
  void check(String needed, List<Long> expected, Tensor tensor) {
    if (!dtype.equals(needed) || !shape.equals(expected)) {
      throw Refusal.of(
              Problem.WRONG_SHAPE,
              "%s is %s of the shape %s; %s of the shape %s is needed."
                  .formatted(what(), dtype, shape, needed, expected))
          .with("tensor", tensor.name())
          .with("expected", expected)
          .exception();
    }
  }

  /** Reads the next {@code count} of its bytes. */
  void readFully(InputStream in, byte[] into, int count) throws IOException {
    if (in.readNBytes(into, 0, count) < count) {
      throw Json.malformed("%s ends before its %s bytes are there.".formatted(what(), end - begin));
    }
  }

  /** How an error names it. */
  String what() {
    return "The tensor '%s'".formatted(name);
  }

  private static RefusedException unread(String tensor, String dtype) {
    return misfit(
        tensor,
        "The dtype %s of tensor '%s' is none of F16, BF16, F32 and F64.".formatted(dtype, tensor));
  }

  /** The refusal of a tensor that is missing, unknown or of another form. */
  static RefusedException misfit(String tensor, String detail) {
    return Refusal.of(Problem.WRONG_SHAPE, detail).with("tensor", tensor).exception();
  }
}
