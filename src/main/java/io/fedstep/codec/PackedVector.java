package io.fedstep.codec;

import io.fedstep.problem.RefusedException;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Reads the {@code dump} of a declearn packed vector: by tensor name, {@code {"__type__":
 * "np.ndarray", "dump": ["<hex>", "f", [3, 4]]}}.
 */
final class PackedVector {
  /** The vector types that pack in this way. */
  static final Set<String> TYPES = Set.of("NumpyVector", "TorchVector");

  /** The receiver of the values, which also says how a misfit is refused. */
  interface Target {
    /** Accepts little-endian bytes of the values from {@code index} of the flat vector on. */
    void accept(long index, byte[] bytes, int length);

    /** A tensor that is missing, unknown or of another form. */
    RefusedException misfit(String tensor, String detail);

    /** A tensor that is not of the form; not JSON of a described form unless said otherwise. */
    default RefusedException garbled(String tensor, String detail) {
      return Json.malformed(detail);
    }
  }

  private PackedVector() {}

  /** numpy's character of the dtype. */
  static String letter(Dtype dtype) {
    return switch (dtype) {
      case FLOAT32 -> "f";
      case FLOAT64 -> "d";
    };
  }

  /** The size in bytes of the pieces in which a vector of {@code size} values is read. */
  static int bufferSize(Dtype dtype, long size) {
    return Math.clamp(size, 1, Range.TILE) * dtype.bytes();
  }

  /** Reads the object at which the parser stands; every tensor of the layout has to be in it. */
  static void read(JsonParser parser, TensorLayout layout, Dtype dtype, Target target) {
    for (String name : readSome(parser, layout, dtype, target)) {
      throw target.misfit(name, "The tensor '%s' is missing.".formatted(name));
    }
  }

  /** Reads the object at which the parser stands, and gives the names of the missing tensors. */
  static Set<String> readSome(JsonParser parser, TensorLayout layout, Dtype dtype, Target target) {
    Json.expect(parser, JsonToken.START_OBJECT, "an object of packed tensors");
    var missing = new HashSet<String>();
    layout.tensors().forEach(tensor -> missing.add(tensor.name()));
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      Tensor tensor = layout.tensor(name);
      if (tensor == null) {
        throw target.misfit(name, "The model has no tensor '%s'.".formatted(name));
      }
      parser.nextToken();
      readTensor(parser, tensor, dtype, target);
      missing.remove(name);
    }
    return missing;
  }

  /**
   * Reads {@code {"__type__": "...", "dump": ...}} from the start of the object on.
   *
   * @param dump reads the value at which the parser then stands
   * @return false where the object is another
   */
  static boolean readTyped(JsonParser parser, Set<String> types, Runnable dump) {
    boolean typed = false;
    boolean dumped = false;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      if (key.equals("__type__") && types.contains(parser.getString())) {
        typed = true;
      } else if (key.equals("dump")) {
        dump.run();
        dumped = true;
      } else {
        return false;
      }
    }
    return typed && dumped;
  }

  private static void readTensor(JsonParser parser, Tensor tensor, Dtype dtype, Target target) {
    if (tensor.shape().isEmpty() && parser.currentToken().isNumeric()) {
      acceptNumber(parser.getDoubleValue(), tensor, dtype, target); // Python's float, or NumPy's
      return;
    }
    Json.expect(parser, JsonToken.START_OBJECT, "a packed np.ndarray");
    Runnable dump = () -> readArray(parser, tensor, dtype, target);
    if (!readTyped(parser, Set.of("np.ndarray"), dump)) {
      throw target.garbled(
          tensor.name(),
          "The tensor '%s' is not packed as {\"__type__\": \"np.ndarray\", \"dump\": [...]}."
              .formatted(tensor.name()));
    }
  }

  private static void acceptNumber(double value, Tensor tensor, Dtype dtype, Target target) {
    byte[] bytes = new byte[dtype.bytes()];
    var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    switch (dtype) {
      case FLOAT32 -> buffer.putFloat((float) value);
      case FLOAT64 -> buffer.putDouble(value);
    }
    target.accept(tensor.offset(), bytes, bytes.length);
  }

  private static void readArray(JsonParser parser, Tensor tensor, Dtype dtype, Target target) {
    Json.expect(parser, JsonToken.START_ARRAY, "an array of hex, dtype and shape");
    parser.nextToken();
    Json.expect(parser, JsonToken.VALUE_STRING, "a string of hex");
    long expected = tensor.size() * dtype.bytes();
    long[] bytes = {0};
    var refused = new AtomicReference<@Nullable RefusedException>();
    boolean hex =
        PackedHex.read(
            parser,
            bufferSize(dtype, tensor.size()),
            (chunk, length) -> {
              long at = bytes[0];
              bytes[0] += length;
              if (bytes[0] <= expected && length % dtype.bytes() == 0 && refused.get() == null) {
                try {
                  target.accept(tensor.offset() + at / dtype.bytes(), chunk, length);
                } catch (RefusedException e) {
                  refused.set(e); // thrown once the dtype is known to be right
                }
              }
            });
    if (!hex) {
      throw target.garbled(
          tensor.name(), "The dump of tensor '%s' is not hex.".formatted(tensor.name()));
    }
    parser.nextToken();
    Json.expect(parser, JsonToken.VALUE_STRING, "a dtype");
    String letter = parser.getString();
    parser.nextToken();
    List<Long> shape = shape(parser);
    parser.nextToken();
    Json.expect(parser, JsonToken.END_ARRAY, "the end of a packed array");
    if (!letter.equals(letter(dtype))) {
      throw target.misfit(
          tensor.name(),
          "The tensor '%s' is packed with dtype '%s'; the model's %s is '%s'."
              .formatted(tensor.name(), letter, dtype.label(), letter(dtype)));
    }
    if (!shape.equals(tensor.shape()) || bytes[0] != expected) {
      throw target.misfit(
          tensor.name(),
          "The tensor '%s' has the shape %s (%s bytes); what came has %s (%s bytes)."
              .formatted(tensor.name(), tensor.shape(), expected, shape, bytes[0]));
    }
    RefusedException value = refused.get();
    if (value != null) {
      throw value;
    }
  }

  private static List<Long> shape(JsonParser parser) {
    Json.expect(parser, JsonToken.START_ARRAY, "a shape");
    var shape = new ArrayList<Long>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      Json.expect(parser, JsonToken.VALUE_NUMBER_INT, "a dimension");
      shape.add((long) parser.getDoubleValue());
      if (shape.size() > 64) {
        throw Json.malformed("A shape has at most 64 dimensions.");
      }
    }
    return shape;
  }
}
