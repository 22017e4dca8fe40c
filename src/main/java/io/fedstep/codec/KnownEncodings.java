package io.fedstep.codec;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The encodings that a safetensors body may name. */
final class KnownEncodings {
  private static final String KEY = "encoding";

  private KnownEncodings() {}

  /** The encoding that a body's metadata names, or null without one. */
  static @Nullable Encoding of(JsonNode metadata) {
    var keys = new EncodingKeys(metadata);
    Encoding encoding =
        switch (keys.text(KEY)) {
          case null -> null;
          case Int8.NAME -> Int8.of(keys);
          case Eden.NAME -> Eden.of(keys);
          case TopK.NAME -> new TopK();
          default -> throw keys.malformed(KEY, "int8, eden or top-k");
        };
    keys.end(encoding == null ? "a body without encoding" : "the encoding " + encoding.label());
    return encoding;
  }
}
