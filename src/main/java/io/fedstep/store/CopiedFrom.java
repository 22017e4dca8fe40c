package io.fedstep.store;

import io.fedstep.codec.CopySpec;
import io.fedstep.codec.Json;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The version of another model that a model began from.
 *
 * @param base the tag of that version's weights
 * @param request the body that asked for it, without metadata
 */
public record CopiedFrom(String model, long version, String base, ObjectNode request) {
  /** Whether a request is the one that asked for it. */
  public boolean isOf(CopySpec asked) {
    return request.equals(asked.request());
  }

  ObjectNode write() {
    ObjectNode json = Json.object().put("model", model).put("version", version).put("base", base);
    json.set("request", request);
    return json;
  }

  static CopiedFrom of(JsonNode json) {
    return new CopiedFrom(
        Json.text(json.required("model")),
        json.required("version").longValue(),
        Json.text(json.required("base")),
        (ObjectNode) json.required("request"));
  }
}
