package io.fedstep.kafka;

import io.fedstep.codec.Json;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Who waits for an answer: a request of a gateway.
 *
 * @param gateway the name of a process, another at each start
 * @param number of the request among that gateway's
 */
record Asker(String gateway, long number) {
  ObjectNode write() {
    return Json.object().put("gateway", gateway).put("n", number);
  }

  static Asker of(JsonNode json) {
    return new Asker(Wire.text(json, "gateway"), json.required("n").longValue());
  }
}
