package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * safetensors files: eight bytes of the header's length, then JSON with dtype, shape and place of
 * each tensor, then the tensors. Where they are written here they follow in the spec's order, so
 * that the flat vector is one range of the file.
 */
public final class Safetensors {
  private static final String METADATA = "__metadata__";
  private static final int MOST_HEADER = 64 << 20;

  /** Of a header, for metadata and spaces. */
  private static final int ROOM = 1 << 20;

  /** Of the two entries that an encoded tensor has. */
  private static final long BYTES_PER_TENSOR = 4096;

  private Safetensors() {}

  /** The bytes before the flat vector; padded to 8, so that values are aligned. */
  public static byte[] head(ModelSpec spec) {
    return head(spec, withMetadata(), dtype(spec), spec.dtype().bytes());
  }

  /** The bytes before a flat vector of fewer bytes. */
  public static byte[] head(ModelSpec spec, HalfFormat format) {
    return head(spec, withMetadata(), format.dtype(), format.width());
  }

  private static ObjectNode withMetadata() {
    ObjectNode json = Json.object();
    json.putObject(METADATA).put("format", "pt"); // which Hugging Face's loaders ask for
    return json;
  }

  private static String dtype(ModelSpec spec) {
    return switch (spec.dtype()) {
      case FLOAT32 -> "F32";
      case FLOAT64 -> "F64";
    };
  }

  /** The bytes before the flat vector as releases before 0.2 wrote them, without metadata. */
  public static byte[] bareHead(ModelSpec spec) {
    return head(spec, Json.object(), dtype(spec), spec.dtype().bytes());
  }

  private static byte[] head(ModelSpec spec, ObjectNode json, String dtype, int width) {
    for (Tensor tensor : spec.layout().tensors()) {
      ObjectNode entry = json.putObject(tensor.name());
      entry.put("dtype", dtype);
      LayoutCodec.shape(entry.putArray("shape"), tensor);
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

  /** Reads a whole file into the intake of a vector; its tensors come in any order. */
  public static void read(InputStream in, VectorIntake intake) throws IOException {
    ObjectNode header = header(in, intake.layout());
    Encoding encoding = KnownEncodings.of(header.path(METADATA));
    if (encoding != null) {
      intake.encodedAs(encoding.label());
    }
    header.remove(METADATA);
    boolean mayLeaveOut = intake.isPartial() && !intake.needsAll();
    new SafetensorsContents(header, intake.layout(), encoding, mayLeaveOut).read(in, intake);
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
}
