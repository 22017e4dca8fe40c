package io.fedstep.kafka;

import io.fedstep.codec.Json;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The address of an answer: the request of a gateway that waits for it.
 *
 * @param gateway the name of a process, another at each start
 * @param number of the request among that gateway's
 */
record ReplyTo(String gateway, long number) {
  ObjectNode write() {
    return Json.object().put("gateway", gateway).put("n", number);
  }

  static ReplyTo of(JsonNode json) {
    return new ReplyTo(MessageJson.text(json, "gateway"), json.required("n").longValue());
  }
}
