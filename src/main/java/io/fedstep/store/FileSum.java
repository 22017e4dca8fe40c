package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.Json;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A file's size and checksum.
 *
 * @param crc of all its bytes
 */
record FileSum(long bytes, int crc) {
  /** The checksums of its files in a version's document. */
  static Map<String, FileSum> all(JsonNode files) {
    var all = new TreeMap<String, FileSum>();
    for (var file : files.asObject().properties()) {
      all.put(
          file.getKey(),
          new FileSum(
              file.getValue().required("bytes").longValue(),
              Integer.parseUnsignedInt(Json.text(file.getValue().required("crc32c")), 16)));
    }
    return all;
  }

  /** The checksums as JSON, for a document. */
  static ObjectNode write(Map<String, FileSum> all) {
    ObjectNode files = Json.object();
    all.forEach((name, sum) ->
        files.putObject(name).put("bytes", sum.bytes).put("crc32c", Crc32c.hex(sum.crc)));
    return files;
  }

  /** Checks how long the file is. */
  void check(Path file, long size) {
    if (size != bytes) {
      throw new CorruptionException(file, bytes + " bytes", size + " bytes");
    }
  }

  /** Checks what it has. */
  void check(Path file, int found) {
    if (found != crc) {
      throw new CorruptionException(
          file, "crc32c " + Crc32c.hex(crc), "crc32c " + Crc32c.hex(found));
    }
  }
}
