package io.fedstep.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A client's controls as a safetensors file, whose entries are {@code round:tensor}. The Python
 * client reads and writes the same.
 *
 * @param controls the flat vectors of the stepped tensors, by round
 */
record ControlsFile(Owner owner, Map<Long, byte[]> controls) {
  private static final String MODEL = "fedstep.model";
  private static final String CLIENT = "fedstep.client";

  /** Whose controls they are. */
  record Owner(String model, String client) {
    @Override
    public String toString() {
      return "client '%s' of model '%s'".formatted(client, model);
    }
  }

  byte[] write(Layout layout) {
    var file = new Tensors(Map.of(MODEL, owner.model(), CLIENT, owner.client()));
    controls.forEach((round, control) -> {
      int from = 0;
      for (Layout.Tensor tensor : layout.stepped()) {
        ByteBuffer values = ByteBuffer.wrap(control).position(from);
        file.add(round + ":" + tensor.name(), tensor, values, layout.dtype());
        from += tensor.size() * layout.dtype().width();
      }
    });
    return file.body().bytes();
  }

  static ControlsFile read(byte[] file) throws IOException {
    ByteBuffer values = Tensors.values(file);
    if (values == null) {
      throw new IOException(
          "these are no controls: %s bytes, no safetensors".formatted(file.length));
    }
    try {
      int head = file.length - values.remaining();
      JsonNode header = JsonMapper.shared().readTree(file, Long.BYTES, head - Long.BYTES);
      JsonNode said = header.required("__metadata__");
      var owner =
          new Owner(said.required(MODEL).stringValue(), said.required(CLIENT).stringValue());
      var parts = new TreeMap<Long, List<byte[]>>();
      header
          .properties()
          .forEach(entry -> {
            if (entry.getKey().contains(":")) {
              long round = Long.parseLong(entry.getKey().substring(0, entry.getKey().indexOf(':')));
              JsonNode place = entry.getValue().required("data_offsets");
              int from = place.required(0).intValue();
              byte[] part = new byte[place.required(1).intValue() - from];
              values.get(from, part);
              parts.computeIfAbsent(round, _ -> new ArrayList<>()).add(part);
            }
          });
      var controls = new TreeMap<Long, byte[]>();
      parts.forEach((round, all) -> controls.put(round, joined(all)));
      return new ControlsFile(owner, controls);
    } catch (JacksonException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IOException("these are no controls of a client", e);
    }
  }

  private static byte[] joined(List<byte[]> parts) {
    ByteBuffer whole = ByteBuffer.allocate(parts.stream().mapToInt(one -> one.length).sum());
    parts.forEach(whole::put);
    return whole.array();
  }
}
