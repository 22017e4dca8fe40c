package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import java.time.Instant;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A version's description: all of it but its numbers and its round's record.
 *
 * @param base the tag of its weights: unique to these weights of this version of this incarnation
 * @param digest of the flat vector of weights
 */
public record VersionInfo(
    long version, MadeBy madeBy, String base, Instant createdAt, String digest) {
  /** What made a version. */
  public enum MadeBy {
    CREATED,
    COPY,
    WEIGHTS,
    ROUND,
    RESTORE,
    STATE;

    /** The name on the wire. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** As a document. */
  public ObjectNode write() {
    return Json.object()
        .put("version", version)
        .put("made_by", madeBy.label())
        .put("base", base)
        .put("created_at", RecordCodec.time(createdAt))
        .put("digest", digest);
  }

  /** Reads a document that {@link #write} gave. */
  public static VersionInfo of(JsonNode json) {
    return new VersionInfo(
        json.required("version").longValue(),
        MadeBy.valueOf(Json.text(json.required("made_by")).toUpperCase(Locale.ROOT)),
        Json.text(json.required("base")),
        RecordCodec.time(json.required("created_at")),
        Json.text(json.required("digest")));
  }
}
