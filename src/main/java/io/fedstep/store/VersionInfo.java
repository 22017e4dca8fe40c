package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import java.time.Instant;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is known of a version beside its numbers.
 *
 * @param base the tag of its weights: unique to one content of one version of one incarnation
 * @param digest of the flat vector of weights
 */
public record VersionInfo(
    long version, MadeBy madeBy, String base, Instant createdAt, String digest) {
  /** What made a version. */
  public enum MadeBy {
    CREATED,
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

  /** What a document says that {@link #write} gave. */
  public static VersionInfo of(JsonNode json) {
    return new VersionInfo(
        json.required("version").longValue(),
        MadeBy.valueOf(Json.text(json.required("made_by")).toUpperCase(Locale.ROOT)),
        Json.text(json.required("base")),
        RecordCodec.time(json.required("created_at")),
        Json.text(json.required("digest")));
  }
}
