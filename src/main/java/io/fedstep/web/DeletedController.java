package io.fedstep.web;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.security.Caller;
import io.fedstep.store.Deleted;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The models that were deleted and can be had back. */
@RestController
class DeletedController {
  private final Coordinator coordinator;

  DeletedController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @GetMapping("/v1/deleted")
  ResponseEntity<ObjectNode> list(HttpServletRequest request) {
    Query.none(request);
    Caller caller = Caller.of(request);
    ObjectNode json = Json.object();
    ArrayNode models = json.putArray("deleted");
    for (Deleted one : coordinator.deleted()) {
      if (caller.sees(one.model())) {
        models
            .addObject()
            .put("model", one.model())
            .put("version", one.version())
            .put("deleted_at", RecordCodec.time(one.at()))
            .put("bytes", one.bytes());
      }
    }
    return Answers.ok(json);
  }
}
