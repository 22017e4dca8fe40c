package io.fedstep.web;

import io.fedstep.codec.Json;
import io.fedstep.codec.JsonBody;
import io.fedstep.codec.RecordCodec;
import io.fedstep.codec.StateDocument;
import io.fedstep.codec.UpdateMetadataBuilder;
import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.ModelChanges;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import io.fedstep.wire.Body;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Versions of a model: listed, and made from what administrators set. */
@RestController
@RequestMapping("/v1/models/{model}")
class VersionController {
  /** Bytes of a report: 128 metrics, and room. */
  private static final long MOST_REPORT = 64 * 1024;

  private final Coordinator coordinator;

  VersionController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @PutMapping("/weights")
  ResponseEntity<ObjectNode> setWeights(@PathVariable String model, HttpServletRequest request)
      throws IOException {
    Query.none(request);
    ModelStatus now = coordinator.durableStatus(Query.name("model", model));
    ModelSpec spec = now.head().spec();
    Refusal unwanted = Conditions.refusal(request, now);
    if (unwanted != null && now.newest().madeBy() == VersionInfo.MadeBy.CREATED) {
      throw unwanted.exception();
    }
    try {
      return setWeights(model, spec, request);
    } catch (RefusedException e) {
      throw unwanted == null ? e : unwanted.exception(); // for it is not what is there, either
    }
  }

  private ResponseEntity<ObjectNode> setWeights(
      String model, ModelSpec spec, HttpServletRequest request) throws IOException {
    ModelChanges changes = coordinator.changes(model);
    Representation form = Representation.ofBody(request);
    try (VersionDraft draft = changes.beginWeights();
        var intake = new VectorIntake(spec.layout(), spec.dtype(), draft.newWeights())) {
      VectorBody.read(request, spec, form, JsonBody::readWeights, intake);
      return Answers.ok(Answers.made(model, changes.setWeights(draft)));
    }
  }

  @GetMapping("/versions")
  ResponseEntity<ObjectNode> versions(@PathVariable String model) {
    ObjectNode json = Json.object();
    ArrayNode versions = json.putArray("versions");
    ModelSpec spec = coordinator.spec(Query.name("model", model));
    for (VersionInfo info : coordinator.versions(model)) {
      versions.add(Answers.version(info, coordinator.reported(model, info.version()), spec));
    }
    return Answers.ok(json);
  }

  @PutMapping("/versions/{version}/reports/{client}")
  ResponseEntity<ObjectNode> report(
      @PathVariable String model,
      @PathVariable String client,
      HttpServletRequest request,
      HttpServletResponse response) {
    Query.none(request);
    Query.name("client", client);
    long version = Address.of(request).version(coordinator, response).info().version();
    UpdateMetadata report = UpdateMetadataBuilder.ofReport(Body.json(request, MOST_REPORT)).build();
    coordinator.changes(model).report(version, client, report);
    ObjectNode json = Json.object().put("model", model).put("version", version);
    return Answers.json(HttpStatus.CREATED, json.setAll(RecordCodec.report(client, report)));
  }

  @PostMapping("/versions/{version}/restore")
  ResponseEntity<ObjectNode> restore(
      @PathVariable String model, HttpServletRequest request, HttpServletResponse response) {
    Version from = Address.of(request).version(coordinator, response);
    Expected newest = expected(model, request);
    VersionInfo made = coordinator.changes(model).restore(from, newest);
    return Answers.json(HttpStatus.CREATED, Answers.made(model, made));
  }

  private Expected expected(String model, HttpServletRequest request) {
    ModelStatus now = coordinator.durableStatus(model);
    now.checkWeights();
    Long number = new Query(request, "newest"::equals).number("newest");
    return Conditions.expected(request, now, number);
  }

  @PutMapping("/optimizer/state")
  ResponseEntity<ObjectNode> setState(@PathVariable String model, HttpServletRequest request) {
    ModelSpec spec = coordinator.spec(Query.name("model", model));
    Expected newest = expected(model, request);
    ModelChanges changes = coordinator.changes(model);
    InputStream in = Body.json(request, VectorBody.SLACK + StateDocument.most(spec));
    try (VersionDraft draft = changes.beginState()) {
      draft.readState(in);
      VersionInfo made = changes.setState(draft, newest);
      return Answers.json(HttpStatus.CREATED, Answers.made(model, made));
    }
  }
}
