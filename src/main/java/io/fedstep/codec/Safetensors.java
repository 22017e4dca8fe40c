package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The head of a safetensors file: eight bytes of its length, then JSON with dtype, shape and place
 * of each tensor. The tensors follow in the spec's order, so the flat vector is one range of the
 * file.
 */
public final class Safetensors {
  private Safetensors() {}

  /** The bytes before the flat vector; padded to 8, so that values are aligned. */
  public static byte[] head(ModelSpec spec) {
    ObjectNode json = Json.object();
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
}
