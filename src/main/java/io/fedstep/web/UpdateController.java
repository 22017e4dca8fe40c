package io.fedstep.web;

import io.fedstep.codec.JsonBody;
import io.fedstep.codec.KnownFormats;
import io.fedstep.codec.RecordCodec;
import io.fedstep.codec.UpdateMetadataBuilder;
import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.wire.Exchange;
import io.fedstep.wire.HeavyWork;
import io.fedstep.wire.UploadFields;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** Updates: submitted once by each client and round, and looked up again. */
@RestController
@RequestMapping(UpdateController.PATH)
class UpdateController {
  static final String PATH = "/v1/models/{model}/rounds/{round}/updates/{client}";

  private final Coordinator coordinator;
  private final ResumableCreation resumable;

  UpdateController(Coordinator coordinator, HeavyWork work) {
    this.coordinator = coordinator;
    resumable = new ResumableCreation(coordinator, work);
  }

  @PutMapping
  void submit(
      @PathVariable String model,
      @PathVariable("round") String roundText,
      @PathVariable String client,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    Query.name("model", model);
    Query.name("client", client);
    long round = Query.number("The round", roundText);
    if (Boolean.FALSE.equals(UploadFields.complete(request))) {
      resumable.create(model, round, client, request, response);
      return;
    }
    boolean isMasked = coordinator.spec(model).secure() != null;
    var query =
        new Query(
            request, name -> QueriedUpdate.knows(name) || (isMasked && MaskedUpdate.knows(name)));
    try (Upload upload =
        coordinator.begin(model, round, client, query.text("base"), Exchange.holder(request))) {
      Upload.Answer answer =
          !isMasked
              ? submit(upload, query, request)
              : new MaskedUpdate(coordinator, model, round, client).submit(upload, query, request);
      answer(answer, upload.spec(), model, round, request, response);
    }
  }

  /** Answers with the receipt of an update that is in. */
  static void answer(
      Upload.Answer answer,
      ModelSpec spec,
      String model,
      long round,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    Exchange.of(request).end(answer.repeated() ? Listener.DUPLICATE : Listener.ACCEPTED);
    Answers.write(
        response,
        answer.repeated() ? HttpStatus.OK : HttpStatus.CREATED,
        receipt(model, spec, round, answer.update(), request));
  }

  private static ObjectNode receipt(
      String model,
      ModelSpec spec,
      long round,
      Decision.Accepted update,
      HttpServletRequest request) {
    return Answers.counts(RecordCodec.receipt(model, spec, round, update), spec, request);
  }

  /** Reads an update in the clear and has it decided. */
  private static Upload.Answer submit(Upload upload, Query query, HttpServletRequest request)
      throws IOException {
    Representation form = Representation.ofBody(request);
    UpdateMetadataBuilder parts = QueriedUpdate.parts(query.all());
    upload.check(parts.build(), form.format() != null); // what the head already shows to be wrong
    ModelSpec spec = upload.spec();
    VectorSummary content;
    try (var intake = VectorIntake.ofUpdate(spec, upload.sink(), parts.isPartial())) {
      VectorBody.read(
          request, spec, form, (in, into) -> JsonBody.readUpdate(in, into, parts), intake);
      content = intake.finish().of(Exchange.of(request).bytesOnWire());
    }
    UpdateMetadata all = parts.build();
    if (form.format() == null) {
      upload.check(all, true); // before it goes to another process, which is told less
    }
    return upload.submit(all, content);
  }

  /** Whether, and how large, updates may come in several requests. */
  @RequestMapping(method = RequestMethod.OPTIONS)
  void options(
      @PathVariable String model,
      @PathVariable String client,
      HttpServletRequest request,
      HttpServletResponse response) {
    Query.none(request);
    Query.name("model", model);
    Query.name("client", client);
    coordinator.paused(model);
    response.setStatus(HttpStatus.NO_CONTENT.value());
    response.setHeader("Allow", "GET, HEAD, OPTIONS, PUT");
    PausedAnswers.limit(response, coordinator, model, KnownFormats.SAFETENSORS.mediaType());
  }

  @GetMapping
  ResponseEntity<ObjectNode> receipt(
      @PathVariable String model,
      @PathVariable("round") String roundText,
      @PathVariable String client,
      HttpServletRequest request) {
    Query.none(request);
    Query.name("model", model);
    Query.name("client", client);
    long round = Query.number("The round", roundText);
    Decision.Accepted update = coordinator.rounds().update(model, round, client);
    if (update == null) {
      throw Refusal.of(
              Problem.UPDATE_NOT_FOUND,
              "Round %s of model '%s' has no update of client '%s'."
                  .formatted(round, model, client))
          .exception();
    }
    return Answers.ok(receipt(model, coordinator.spec(model), round, update, request));
  }
}
