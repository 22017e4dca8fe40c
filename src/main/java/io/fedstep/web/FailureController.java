package io.fedstep.web;

import io.fedstep.codec.Json;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.wire.Body;
import io.fedstep.wire.Problems;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Failures: what clients tell in place of an update that they cannot send. */
@RestController
@RequestMapping("/v1/models/{model}/rounds/{round}/failures")
class FailureController {
  /** Bytes of a failure: its texts with an escape for each character, and room. */
  private static final long MOST_BODY = 32 * 1024;

  private static final int MOST_ERROR = 128;
  private static final int MOST_DETAIL = 1000;

  private final Coordinator coordinator;

  FailureController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @PutMapping("/{client}")
  ResponseEntity<Void> tell(
      @PathVariable String model,
      @PathVariable String round,
      @PathVariable String client,
      HttpServletRequest request) {
    Query.none(request);
    coordinator.spec(Query.name("model", model));
    Query.name("client", client);
    long number = Query.number("The round", round);
    ObjectNode body = Json.readObject(Body.json(request, MOST_BODY));
    body.propertyNames().stream()
        .filter(key -> !key.equals("error") && !key.equals("detail"))
        .findFirst()
        .ifPresent(key -> {
          throw Problems.malformed("The body has no key '%s'.".formatted(key));
        });
    String error = text(body, "error", MOST_ERROR);
    if (error == null || error.isEmpty()) {
      throw Problems.malformed("error is missing: the kind of error, such as ValueError.");
    }
    coordinator.failed(model, number, client, error, text(body, "detail", MOST_DETAIL));
    return ResponseEntity.noContent().build();
  }

  private static @Nullable String text(ObjectNode body, String key, int most) {
    JsonNode value = body.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return null;
    }
    if (!value.isString() || value.asString().codePointCount(0, value.asString().length()) > most) {
      throw Problems.malformed(
          "%s has to be a text of at most %s characters.".formatted(key, most));
    }
    return value.asString();
  }

  @GetMapping
  ResponseEntity<ObjectNode> list(@PathVariable String model, @PathVariable String round) {
    ObjectNode json = Json.object();
    ArrayNode failures = json.putArray("failures");
    coordinator
        .rounds()
        .failures(Query.name("model", model), Query.number("The round", round))
        .forEach(failure -> failures.add(Answers.failure(failure)));
    return Answers.ok(json);
  }
}
