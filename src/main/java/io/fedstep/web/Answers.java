package io.fedstep.web;

import io.fedstep.codec.DecisionCodec;
import io.fedstep.codec.Json;
import io.fedstep.codec.LayoutCodec;
import io.fedstep.codec.RecordCodec;
import io.fedstep.codec.SecureCodec;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.ClientReport;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.RefusedUpdate;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.Decision;
import io.fedstep.round.LocalRun;
import io.fedstep.round.Reported;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.security.Caller;
import io.fedstep.security.Role;
import io.fedstep.store.CopiedFrom;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Tensor;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The JSON shapes of the contract that are made of more than one thing. */
final class Answers {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  /** From how many take part in a round clients would learn who does. */
  private static final List<String> HIDDEN_COUNTS = List.of("updates", "failed");

  private Answers() {}

  /** JSON whatever the client accepts: there is no other form. */
  static ResponseEntity<ObjectNode> json(HttpStatus status, ObjectNode body) {
    return ResponseEntity.status(status).contentType(MediaType.APPLICATION_JSON).body(body);
  }

  /** The same at once: with its length in the head, an answer is one write to the socket. */
  static void write(HttpServletResponse response, HttpStatus status, ObjectNode body)
      throws IOException {
    byte[] bytes = MAPPER.writeValueAsBytes(body);
    response.setStatus(status.value());
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    response.setContentLength(bytes.length);
    response.getOutputStream().write(bytes);
  }

  static ResponseEntity<ObjectNode> ok(ObjectNode body) {
    return json(HttpStatus.OK, body);
  }

  /** An answer without how many take part in a round, where that is hidden from its caller. */
  static ObjectNode counts(ObjectNode json, ModelSpec spec, HttpServletRequest request) {
    if (spec.isSampled() && Caller.of(request).role() == Role.CLIENT) {
      HIDDEN_COUNTS.stream().filter(json::has).forEach(json::putNull);
    }
    return json;
  }

  /** A model: its spec, and what it is doing. */
  static ObjectNode model(ModelStatus status) {
    var head = status.head();
    ObjectNode json = Json.object().put("model", head.model());
    ObjectNode tensors = json.putObject("tensors");
    ArrayNode layout = json.arrayNode();
    for (Tensor tensor : head.spec().layout().tensors()) {
      LayoutCodec.put(tensors, tensor);
      ObjectNode place = layout.addObject().put("name", tensor.name());
      LayoutCodec.shape(place.putArray("shape"), tensor);
      place.put("offset", tensor.offset()).put("step", tensor.step().label());
    }
    json.setAll(listed(status));
    head.metadata().addTo(json);
    json.set("layout", layout);
    return json;
  }

  /** A model without what there is of each tensor, as a list shows it. */
  static ObjectNode listed(ModelStatus status) {
    var head = status.head();
    ObjectNode json = Json.object().put("model", head.model());
    json.setAll(SecureCodec.show(head.spec(), SpecCodec.writeWithoutTensors(head.spec())));
    boolean awaits = status.awaitsWeights();
    json.put("version", awaits ? null : (Long) status.newest().version());
    json.put("base", base(status));
    json.put("phase", status.phaseLabel());
    json.put("parameters", head.spec().parameters());
    json.put("created_at", RecordCodec.time(head.createdAt()));
    CopiedFrom from = head.from();
    if (from != null) {
      json.putObject("from")
          .put("model", from.model())
          .put("version", from.version())
          .put("base", from.base());
    }
    json.put("updates", status.updates());
    return json.setAll(times(status));
  }

  /** A model that could not be read. */
  static ObjectNode broken(String model, String why) {
    return Json.object().put("model", model).put("phase", Phase.FAILED.label()).put("detail", why);
  }

  /** The open round. */
  static ObjectNode currentRound(ModelStatus status) {
    ObjectNode json =
        Json.object()
            .put("model", status.head().model())
            .put("round", status.newest().version())
            .put("phase", status.phaseLabel())
            .put("base", base(status));
    if (status.isSpent()) {
      json.put("reason", Problem.BUDGET_SPENT.code());
    }
    if (status.isSecure()) {
      json.put("members", status.answered(0))
          .put("shared", status.answered(1))
          .put("revealed", status.answered(3))
          .put("threshold", status.threshold());
    }
    return json.put("updates", status.updates())
        .put("failed", status.failed())
        .put("min_updates", status.minUpdates())
        .put("max_updates", status.maxUpdates())
        .put("participation", status.participation())
        .setAll(times(status));
  }

  /** The tag of the weights that the open round trains from; null before there are any. */
  private static @Nullable String base(ModelStatus status) {
    return status.awaitsWeights() ? null : status.newest().base();
  }

  private static ObjectNode times(ModelStatus status) {
    return Json.object()
        .put("opened_at", status.awaitsWeights() ? null : RecordCodec.time(status.openedAt()))
        .put("deadline", status.deadline() == null ? null : RecordCodec.time(status.deadline()));
  }

  /**
   * The updates of a round, with what their clients measured.
   *
   * @param controls of which round each client's own is, or null where that is not known any more
   */
  static ObjectNode updates(
      ModelSpec spec,
      long round,
      List<Decision.Accepted> accepted,
      @Nullable ControlRounds controls) {
    ObjectNode json = Json.object();
    ArrayNode updates = json.putArray("updates");
    for (Decision.Accepted one : accepted) {
      ObjectNode update = RecordCodec.client(spec, round, one);
      LocalRun local = one.local();
      if (local != null && local.lostControl()) {
        update.put("control", "lost");
      } else if (local != null && controls != null) {
        update.put("control", controls.of(one.client()));
      }
      update.set("metrics", DecisionCodec.metrics(one.metrics()));
      updates.add(update);
    }
    return json;
  }

  /** An update that was refused. */
  static ObjectNode refused(String model, RefusedUpdate refused) {
    return Json.object()
        .put("model", model)
        .put("round", refused.round())
        .put("client", refused.client())
        .put("code", refused.code())
        .put("status", refused.status())
        .put("detail", refused.detail())
        .put("at", RecordCodec.time(refused.at()));
  }

  /** A client's failure, by itself. */
  static ObjectNode failure(String model, ClientFailure failure) {
    ObjectNode json = Json.object().put("model", model).put("round", failure.round());
    return json.setAll(failure(failure));
  }

  /** A client's failure, among those of its round. */
  static ObjectNode failure(ClientFailure failure) {
    return Json.object()
        .put("client", failure.client())
        .put("error", failure.error())
        .put("detail", failure.detail())
        .put("at", RecordCodec.time(failure.at()));
  }

  /** The answer to what made or set a version. */
  static ObjectNode made(String model, VersionInfo info) {
    return Json.object()
        .put("model", model)
        .put("version", info.version())
        .put("base", info.base());
  }

  /** A client's report on a version. */
  static ObjectNode report(String model, ClientReport one) {
    ObjectNode json = Json.object().put("model", model).put("version", one.version());
    return json.setAll(RecordCodec.report(one.client(), one.report()));
  }

  /** A tag and its version. */
  static ObjectNode tag(String tag, VersionInfo info) {
    return Json.object().put("tag", tag).put("version", info.version()).put("base", info.base());
  }

  /** A version in the list, with the means of what clients reported of it. */
  static ObjectNode version(VersionInfo info, Collection<UpdateMetadata> reports, ModelSpec spec) {
    Reported reported = Reported.of(reports, spec);
    ObjectNode json = version(info).put("reports", reported.count());
    json.set("metrics", DecisionCodec.metrics(reported.metrics()));
    return json;
  }

  private static ObjectNode version(VersionInfo info) {
    return Json.object()
        .put("version", info.version())
        .put("base", info.base())
        .put("made_by", info.madeBy().label())
        .put("created_at", RecordCodec.time(info.createdAt()))
        .put("digest", info.digest());
  }
}
