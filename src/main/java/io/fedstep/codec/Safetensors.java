package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * safetensors files: eight bytes of the header's length, then JSON with dtype, shape and place of
 * each tensor, then the tensors. Where they are written here they follow in the spec's order, so
 * that the flat vector is one range of the file.
 */
public final class Safetensors {
  private static final int MOST_HEADER = 64 << 20;

  /** Of a header, for metadata and spaces. */
  private static final int ROOM = 1 << 20;

  private static final long BYTES_PER_TENSOR = 2048;

  private Safetensors() {}

  /** The bytes before the flat vector; padded to 8, so that values are aligned. */
  public static byte[] head(ModelSpec spec) {
    ObjectNode json = Json.object();
    json.putObject("__metadata__").put("format", "pt"); // which Hugging Face's loaders ask for
    return head(spec, json);
  }

  /** The bytes before the flat vector as releases before 0.2 wrote them, without metadata. */
  public static byte[] bareHead(ModelSpec spec) {
    return head(spec, Json.object());
  }

  private static byte[] head(ModelSpec spec, ObjectNode json) {
    int width = spec.dtype().bytes();
    for (Tensor tensor : spec.layout().tensors()) {
      ObjectNode entry = json.putObject(tensor.name());
      entry.put(
          "dtype",
          switch (spec.dtype()) {
            case FLOAT32 -> "F32";
            case FLOAT64 -> "F64";
          });
      SpecCodec.shape(entry.putArray("shape"), tensor);
      ArrayNode place = entry.putArray("data_offsets");
      place.add(tensor.offset() * width).add(tensor.end() * width);
    }
    byte[] text = Json.write(json);
    int length = (text.length + 7) / 8 * 8;
    byte[] head = new byte[8 + length];
    ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(text);
    Arrays.fill(head, 8 + text.length, head.length, (byte) ' ');
    return head;
  }

  /** The longest header of a file for a model: names may be written with escapes. */
  private static int mostHeader(TensorLayout layout) {
    return (int) Math.min(MOST_HEADER, ROOM + BYTES_PER_TENSOR * layout.tensors().size());
  }

  /** The bytes beside the numbers that a file for a model may have. */
  public static long overhead(TensorLayout layout) {
    return (long) Long.BYTES + mostHeader(layout);
  }

  /** Where a tensor is in a file. */
  private record Place(Tensor tensor, NumberFormat format, long begin) {
    long end() {
      return begin + tensor.size() * format.width();
    }
  }

  /** Reads a whole file into the intake of a vector; its tensors come in any order. */
  public static void read(InputStream in, VectorIntake intake) throws IOException {
    List<Place> places = places(header(in, intake.layout()), intake.layout());
    places.sort(Comparator.comparingLong(Place::begin));
    long at = 0;
    for (Place place : places) {
      if (place.begin != at) {
        throw Json.malformed(
            "The tensor '%s' begins at byte %s, not at %s where the one before it ends."
                .formatted(place.tensor.name(), place.begin, at));
      }
      at = place.end();
    }
    for (Place place : places) {
      Tensor tensor = place.tensor;
      place.format.read(
          in,
          ByteOrder.LITTLE_ENDIAN,
          intake,
          tensor.offset(),
          tensor.size(),
          "The tensor '%s'".formatted(tensor.name()));
    }
    if (in.read() >= 0) {
      throw Json.malformed("There is more behind the tensors than the header tells of.");
    }
  }

  private static ObjectNode header(InputStream in, TensorLayout layout) throws IOException {
    byte[] size = in.readNBytes(Long.BYTES);
    long length =
        size.length < Long.BYTES
            ? -1
            : ByteBuffer.wrap(size).order(ByteOrder.LITTLE_ENDIAN).getLong();
    int most = mostHeader(layout);
    if (length < 2 || length > most) {
      throw Json.malformed(
          "A safetensors body begins with the length of its header, here from 2 to %s."
              .formatted(most));
    }
    byte[] text = in.readNBytes((int) length);
    if (text.length < length || text[0] != '{') {
      throw Json.malformed("The safetensors header is cut short, or no object.");
    }
    return Json.readObject(new ByteArrayInputStream(text));
  }

  private static List<Place> places(ObjectNode header, TensorLayout layout) {
    header.remove("__metadata__");
    var places = new ArrayList<Place>();
    for (Map.Entry<String, JsonNode> entry : header.properties()) {
      Tensor tensor = layout.tensor(entry.getKey());
      if (tensor == null) {
        throw misfit(entry.getKey(), "The model has no tensor '%s'.".formatted(entry.getKey()));
      }
      places.add(place(tensor, entry.getValue()));
    }
    if (places.size() < layout.tensors().size()) {
      for (Tensor tensor : layout.tensors()) {
        if (!header.has(tensor.name())) {
          throw misfit(tensor.name(), "The tensor '%s' is missing.".formatted(tensor.name()));
        }
      }
    }
    return places;
  }

  private static Place place(Tensor tensor, JsonNode entry) {
    String name = tensor.name();
    NumberFormat format = NumberFormat.named(entry.path("dtype").asString(""));
    if (format == null) {
      throw misfit(
          name,
          "The dtype %s of tensor '%s' is none of F16, BF16, F32 and F64."
              .formatted(entry.path("dtype"), name));
    }
    if (!longs(entry.path("shape"), name).equals(tensor.shape())) {
      throw Refusal.of(
              Problem.WRONG_SHAPE,
              "The tensor '%s' has the shape %s, not %s."
                  .formatted(name, tensor.shape(), entry.path("shape")))
          .with("tensor", name)
          .with("expected", tensor.shape())
          .exception();
    }
    List<Long> offsets = longs(entry.path("data_offsets"), name);
    var place = new Place(tensor, format, offsets.isEmpty() ? -1 : offsets.getFirst());
    if (offsets.size() != 2 || offsets.getLast() != place.end()) {
      throw Json.malformed(
          "The data_offsets of tensor '%s' are %s, which are not its %s bytes."
              .formatted(name, entry.path("data_offsets"), tensor.size() * format.width()));
    }
    return place;
  }

  private static List<Long> longs(JsonNode array, String tensor) {
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
          "The safetensors entry of tensor '%s' needs arrays of integers.".formatted(tensor));
    }
    return longs;
  }

  private static RefusedException misfit(String tensor, String detail) {
    return Refusal.of(Problem.WRONG_SHAPE, detail).with("tensor", tensor).exception();
  }
}
