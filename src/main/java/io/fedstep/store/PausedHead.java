package io.fedstep.store;

import io.fedstep.codec.Json;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an upload's creation said of the whole: the facts with which it is decided once its bytes
 * are there.
 *
 * @param id 128 random bits in hex
 * @param round in whose address it is
 * @param query the parameters as they were given, by name
 * @param type the media type of the whole
 * @param length bytes of the whole
 * @param digest SHA-256 of the whole in hex, or null where it is not to be compared
 * @param complete whether it is an update by now, and its bytes are gone
 */
public record PausedHead(
    String id,
    long round,
    String client,
    Map<String, String> query,
    String type,
    long length,
    @Nullable String digest,
    boolean complete) {
  private static final int FORMAT = 1;

  /** Keeps the parameters in order. */
  public PausedHead {
    query = Collections.unmodifiableMap(new LinkedHashMap<>(query));
  }

  /** The head of the same upload once it is an update. */
  PausedHead completed() {
    return new PausedHead(id, round, client, query, type, length, digest, true);
  }

  ObjectNode encode() {
    ObjectNode json =
        Json.object()
            .put("format", FORMAT)
            .put("id", id)
            .put("round", round)
            .put("client", client)
            .put("type", type)
            .put("length", length)
            .put("digest", digest)
            .put("complete", complete);
    ObjectNode parameters = json.putObject("query");
    query.forEach(parameters::put);
    return json;
  }

  static PausedHead read(Disk disk, Path file) {
    ObjectNode json = Document.read(disk, file);
    Document.checkFormat(file, json, FORMAT);
    return Document.decoded(file, () -> decode(json));
  }

  private static PausedHead decode(ObjectNode json) {
    var query = new LinkedHashMap<String, String>();
    json.path("query")
        .properties()
        .forEach(one -> query.put(one.getKey(), one.getValue().stringValue()));
    return new PausedHead(
        json.path("id").stringValue(),
        json.path("round").longValue(),
        json.path("client").stringValue(),
        query,
        json.path("type").stringValue(),
        json.path("length").longValue(),
        json.path("digest").isNull() ? null : json.path("digest").stringValue(),
        json.path("complete").booleanValue());
  }
}
