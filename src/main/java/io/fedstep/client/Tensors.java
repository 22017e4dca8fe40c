package io.fedstep.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A safetensors file that is put together: a header with the place of each entry, then these. */
final class Tensors {
  private final ObjectNode header = JsonMapper.shared().createObjectNode();
  private final List<ByteBuffer> contents = new ArrayList<>();
  private long length;

  /** A file with metadata. */
  Tensors(Map<String, String> metadata) {
    if (!metadata.isEmpty()) {
      ObjectNode texts = header.putObject("__metadata__");
      new TreeMap<>(metadata).forEach(texts::put);
    }
  }

  /**
   * Adds an entry.
   *
   * @param dtype its name in safetensors
   * @param content from its position to its limit
   */
  void add(String name, String dtype, List<Long> shape, ByteBuffer content) {
    ObjectNode entry = header.putObject(name).put("dtype", dtype);
    shape.forEach(entry.putArray("shape")::add);
    entry.putArray("data_offsets").add(length).add(length + content.remaining());
    contents.add(content);
    length += content.remaining();
  }

  /** Adds a tensor as it is. */
  void add(Layout.Tensor tensor, ByteBuffer values, Download dtype) {
    add(tensor.name(), tensor, values, dtype);
  }

  /** Adds values of a tensor under another name. */
  void add(String name, Layout.Tensor tensor, ByteBuffer values, Download dtype) {
    ByteBuffer its = values.slice().limit(tensor.size() * dtype.width());
    add(name, dtype == Download.FLOAT64 ? "F64" : "F32", tensor.shape(), its);
  }

  /** A file with some tensors of a flat vector as they are. */
  static Body plain(Layout layout, byte[] vector, List<Layout.Tensor> tensors) {
    var file = new Tensors(Map.of());
    for (Layout.Tensor tensor : tensors) {
      int from = tensor.offset() * layout.dtype().width();
      file.add(tensor, ByteBuffer.wrap(vector).position(from), layout.dtype());
    }
    return file.body();
  }

  /** Room for the values of an entry. */
  static ByteBuffer room(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The whole file. */
  Body body() {
    byte[] text = JsonMapper.shared().writeValueAsBytes(header);
    int padding = -text.length & 7;
    long whole = Math.addExact((long) Long.BYTES + text.length + padding, length);
    byte[] bytes = new byte[Math.toIntExact(whole)];
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(text.length + padding).put(text).put(" ".repeat(padding).getBytes(US_ASCII));
    contents.forEach(file::put);
    return new Body(Body.SAFETENSORS, bytes);
  }

  /** The values of a file whose entries follow one another; null for what is no such file. */
  static @Nullable ByteBuffer values(byte[] file) {
    ByteBuffer values = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    long head = file.length < Long.BYTES ? -1 : values.getLong();
    if (head < 0 || head > values.remaining()) {
      return null;
    }
    return values.position(Long.BYTES + (int) head).slice().order(ByteOrder.LITTLE_ENDIAN);
  }
}
