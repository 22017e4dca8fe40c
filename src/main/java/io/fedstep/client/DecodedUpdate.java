package io.fedstep.client;

import io.fedstep.thin.Centroids;
import io.fedstep.thin.EdenBlock;
import io.fedstep.thin.Hadamard;
import io.fedstep.thin.Int8Block;
import io.fedstep.thin.RandomSigns;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A body of an update as a server decodes it. */
final class DecodedUpdate {
  private final Layout layout;
  private final JsonNode header;
  private final ByteBuffer values;
  private final byte[] bytes;
  private final ByteBuffer row;

  private DecodedUpdate(Layout layout, Body body) {
    this.layout = layout;
    values = Objects.requireNonNull(Tensors.values(body.bytes()));
    int head = body.bytes().length - values.remaining();
    header = JsonMapper.shared().readTree(body.bytes(), Long.BYTES, head - Long.BYTES);
    bytes = new byte[(int) layout.bytes()];
    row = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * The flat vector in the model's dtype; null for one that a model with {@code scaffold-server}
   * does not take: in {@code top-k}, or not of all tensors.
   */
  static byte @Nullable [] of(Layout layout, Body body) {
    if (!body.type().equals(Body.SAFETENSORS)) {
      return body.bytes().length == layout.bytes() ? body.bytes() : null;
    }
    var update = new DecodedUpdate(layout, body);
    for (Layout.Tensor tensor : layout.tensors()) {
      if (!update.read(tensor)) {
        return null;
      }
    }
    return update.bytes;
  }

  private boolean read(Layout.Tensor tensor) {
    if (header.has(tensor.name())) {
      row.put(part(tensor.name()));
    } else if (header.has(tensor.name() + ":codes")) {
      ByteBuffer scales = part(tensor.name() + ":scale");
      ByteBuffer codes = part(tensor.name() + ":codes");
      JsonNode said = header.required("__metadata__");
      if (said.has("fedstep.bits")) {
        readEden(tensor, scales, codes, said);
      } else {
        readInt8(tensor, scales, codes);
      }
    } else {
      return false;
    }
    return true;
  }

  private ByteBuffer part(String name) {
    JsonNode place = header.required(name).required("data_offsets");
    int from = place.required(0).intValue();
    return values.slice(from, place.required(1).intValue() - from).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void readInt8(Layout.Tensor tensor, ByteBuffer scales, ByteBuffer codes) {
    double scale = 0;
    for (int i = 0; i < tensor.size(); i++) {
      scale = i % Int8Block.SIZE == 0 ? scales.getFloat() : scale;
      putWithoutMinusZero(codes.get() * scale);
    }
  }

  private void readEden(
      Layout.Tensor tensor, ByteBuffer scales, ByteBuffer codes, JsonNode metadata) {
    int bits = Integer.parseInt(metadata.required("fedstep.bits").stringValue());
    long seed = Long.parseUnsignedLong(metadata.required("fedstep.seed").stringValue());
    var signs = new RandomSigns(seed, tensor.number());
    double[] block = new double[EdenBlock.SIZE];
    for (int done = 0; done < tensor.size(); done += EdenBlock.SIZE) {
      int count = Math.min(EdenBlock.SIZE, tensor.size() - done);
      int length = EdenBlock.padded(count);
      byte[] some = new byte[length / Byte.SIZE * bits];
      codes.get(some);
      Centroids.read(some, bits, block, length);
      Hadamard.transform(block, length);
      double scale = scales.getFloat();
      long word = 0;
      for (int i = 0; i < count; i++) {
        word = i % Long.SIZE == 0 ? signs.word((done + i) / Long.SIZE) : word >>> 1;
        putWithoutMinusZero(RandomSigns.apply(word, block[i] * scale));
      }
    }
  }

  /** A value that rounds to zero is 0.0 as well. */
  private void putWithoutMinusZero(double value) {
    layout
        .dtype()
        .put(layout.dtype() == Download.FLOAT32 ? (float) value + 0.0f : value + 0.0, row);
  }
}
