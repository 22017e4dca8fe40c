package io.fedstep.web;

import io.fedstep.codec.Json;
import io.fedstep.coordinator.Coordinator;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The last updates that were refused, and why. */
@RestController
class RefusalController {
  private final Coordinator coordinator;

  RefusalController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @GetMapping("/v1/models/{model}/refusals")
  ResponseEntity<ObjectNode> list(@PathVariable String model) {
    ObjectNode json = Json.object();
    ArrayNode refusals = json.putArray("refusals");
    coordinator
        .rounds()
        .refusals(Query.name("model", model))
        .forEach(refused -> refusals.add(Answers.refused(model, refused)));
    return Answers.ok(json);
  }
}
