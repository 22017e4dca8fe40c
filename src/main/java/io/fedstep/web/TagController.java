package io.fedstep.web;

import io.fedstep.codec.Json;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.store.Tags;
import io.fedstep.store.VersionInfo;
import io.fedstep.wire.Body;
import io.fedstep.wire.Problems;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Tags: names that administrators give to versions. */
@RestController
@RequestMapping("/v1/models/{model}/tags")
class TagController {
  private static final long MOST_BODY = 4096;
  private static final String VERSION = "version";

  private final Coordinator coordinator;

  TagController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @GetMapping
  ResponseEntity<ObjectNode> list(@PathVariable String model, HttpServletRequest request) {
    Query.none(request);
    ObjectNode json = Json.object();
    ArrayNode tags = json.putArray("tags");
    coordinator
        .tags(Query.name("model", model))
        .forEach((tag, version) -> tags.add(Answers.tag(tag, version.info())));
    return Answers.ok(json);
  }

  @PutMapping("/{tag}")
  ResponseEntity<ObjectNode> put(
      @PathVariable String model, @PathVariable String tag, HttpServletRequest request) {
    Query.none(request);
    coordinator.durableStatus(Query.name("model", model)).checkWeights();
    checkTag(tag);
    long number = number(Json.readObject(Body.json(request, MOST_BODY)));
    VersionInfo info = coordinator.version(model, number).info();
    boolean isNew = coordinator.changes(model).setTag(tag, number);
    return Answers.json(isNew ? HttpStatus.CREATED : HttpStatus.OK, Answers.tag(tag, info));
  }

  private static void checkTag(String tag) {
    if (!Tags.isTag(tag)) {
      throw Problems.malformed(
          "The tag '%s' is no name, or a number or 'newest', which are versions' own."
              .formatted(tag));
    }
  }

  private static long number(ObjectNode body) {
    JsonNode version = body.path(VERSION);
    if (body.size() != 1
        || !version.isIntegralNumber()
        || !version.canConvertToLong()
        || version.longValue() < 0) {
      throw Problems.malformed("The body has to be {\"version\": 5}, a number and nothing else.");
    }
    return version.longValue();
  }

  @DeleteMapping("/{tag}")
  ResponseEntity<Void> delete(
      @PathVariable String model, @PathVariable String tag, HttpServletRequest request) {
    Query.none(request);
    coordinator.durableStatus(Query.name("model", model)).checkWeights();
    checkTag(tag);
    coordinator.changes(model).removeTag(tag);
    return ResponseEntity.noContent().build();
  }
}
