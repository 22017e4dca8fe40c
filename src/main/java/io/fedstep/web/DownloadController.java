package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.security.Rights;
import io.fedstep.store.Half;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import io.fedstep.wire.AnswerHead;
import io.fedstep.wire.Coding;
import io.fedstep.wire.Computed;
import io.fedstep.wire.Download;
import io.fedstep.wire.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** What versions hold: weights, gradients and optimizer states, as clients fetch them. */
@RestController
@RequestMapping("/v1/models/{model}")
class DownloadController {
  private final Coordinator coordinator;

  DownloadController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @GetMapping("/weights")
  void newestWeights(
      @PathVariable String model, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    ModelStatus status = coordinator.durableStatus(Query.name("model", model));
    var query = new Query(request, "wait"::equals);
    Duration wait = query.waitTime();
    List<Representation> accepted =
        Representation.accepted(request.getHeader("Accept"), status.head().spec().dtype(), true);
    if (wait != null && status.awaitsWeights()) {
      status = await(model, now -> !now.awaitsWeights(), wait, request, response);
      wait = null;
    }
    status.checkWeights();
    String base = status.newest().base();
    boolean inVain = false;
    if (wait != null && Conditions.known(request).matchAnyOf(base)) {
      status = await(model, now -> !now.newest().base().equals(base), wait, request, response);
      inVain = status.newest().base().equals(base);
    }
    phase(status, response);
    VersionInfo newest = status.newest();
    AnswerHead head = accepted.getFirst().head(newest, "", request);
    boolean known =
        Conditions.isKnown(request, head.etag())
            || (DeltaAnswer.isWanted(request) && Conditions.isNamedInAnyCoding(request, head));
    if (wait == null ? known : inVain) {
      head.notModified(response);
      return;
    }
    sendNewest(
        coordinator,
        model,
        newest.version(),
        number ->
            sendWeights(
                model,
                number,
                accepted,
                new DeltaAnswer(coordinator, model, request, response),
                request,
                response));
  }

  private ModelStatus await(
      String model,
      Predicate<ModelStatus> wanted,
      Duration time,
      HttpServletRequest request,
      HttpServletResponse response) {
    return coordinator.await(
        model, wanted, time, Exchange.holder(request), () -> Rights.check(request, response));
  }

  /** Sends something of a version. */
  interface Sender {
    void send(long version) throws IOException;
  }

  /** Sends something of the newest version, also if a round ends and prunes it meanwhile. */
  static void sendNewest(Coordinator coordinator, String model, long newest, Sender sender)
      throws IOException {
    try {
      sender.send(newest);
    } catch (RefusedException e) {
      long now = coordinator.durableStatus(model).newest().version();
      if (e.refusal().problem() != Problem.VERSION_NOT_FOUND || now == newest) {
        throw e;
      }
      sendNewest(coordinator, model, now, sender);
    }
  }

  /** Says on an answer to a waiting client that training has stopped. */
  static void phase(ModelStatus status, HttpServletResponse response) {
    if (status.phase() == Phase.STOPPED) {
      response.setHeader("Fedstep-Phase", Phase.STOPPED.label());
    }
  }

  /**
   * Sends the weights of a version in the first of some forms that they have.
   *
   * @param delta for the newest weights, which may come as what differs
   */
  private void sendWeights(
      String model,
      long number,
      List<Representation> accepted,
      @Nullable DeltaAnswer delta,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    Version version = coordinator.version(model, number);
    ModelSpec spec = coordinator.spec(model);
    Half.Beyond beyond = null;
    for (Representation one : accepted) {
      AnswerHead head = one.head(version.info(), "", request);
      if (beyond != null && Conditions.isKnown(request, head.etag())) {
        head.notModified(response);
        return;
      }
      if (delta != null && delta.isSent(version, one)) {
        return;
      }
      if (one.half() == null) {
        new VectorAnswer("weights", head, spec, version.weightBytes()).send(one, request, response);
        return;
      }
      Half half = version.half(one.half(), new Computed(request, Coding.IDENTITY));
      switch (half) {
        case Half.There(var bytes) -> {
          new Download(head, one.type(), bytes).send(request, response);
          return;
        }
        case Half.Beyond none -> beyond = none;
      }
    }
    throw beyondAll(spec, Objects.requireNonNull(beyond).index());
  }

  private static RefusedException beyondAll(ModelSpec spec, long index) {
    String tensor = spec.layout().at(index).name();
    return Refusal.of(
            Problem.NOT_ACCEPTABLE,
            "A weight of tensor '%s' would be infinite (index %s of the flat vector)."
                .formatted(tensor, index))
        .with("tensor", tensor)
        .with("index", index)
        .exception();
  }

  @GetMapping("/versions/{version}/weights")
  void weights(@PathVariable String model, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Query.none(request);
    VersionInfo info = Address.of(request).version(coordinator, response).info();
    List<Representation> accepted =
        Representation.accepted(request.getHeader("Accept"), coordinator.spec(model).dtype(), true);
    AnswerHead head = accepted.getFirst().head(info, "", request);
    if (Conditions.isKnown(request, head.etag())) {
      head.notModified(response);
      return;
    }
    sendWeights(model, info.version(), accepted, null, request, response);
  }

  @GetMapping("/versions/{version}/gradient")
  void gradient(
      @PathVariable String model, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Query.none(request);
    Version found = Address.of(request).version(coordinator, response);
    Representation representation =
        Representation.accepted(request.getHeader("Accept"), coordinator.spec(model).dtype(), false)
            .getFirst();
    if (!found.hasGradient()) {
      throw Refusal.of(
              Problem.GRADIENT_NOT_FOUND,
              "No round gave version %s of model '%s' a gradient."
                  .formatted(found.info().version(), model))
          .exception();
    }
    AnswerHead head = representation.head(found.info(), ".gradient", request);
    if (Conditions.isKnown(request, head.etag())) {
      head.notModified(response);
      return;
    }
    new VectorAnswer("gradient", head, coordinator.spec(model), found.gradientBytes())
        .send(representation, request, response);
  }

  @GetMapping("/optimizer/state")
  void newestState(
      @PathVariable String model, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Query.none(request);
    ModelStatus status = coordinator.durableStatus(Query.name("model", model));
    status.checkWeights();
    sendNewest(
        coordinator,
        model,
        status.newest().version(),
        number -> sendState(coordinator.version(model, number), request, response));
  }

  @GetMapping("/versions/{version}/optimizer/state")
  void state(HttpServletRequest request, HttpServletResponse response) throws IOException {
    Query.none(request);
    sendState(Address.of(request).version(coordinator, response), request, response);
  }

  private static void sendState(
      Version version, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    AnswerHead head = Address.of(request).head(version.info(), ".state", "", ".json", request);
    if (Conditions.isKnown(request, head.etag())) {
      head.notModified(response);
      return;
    }
    new Download(head, MediaType.APPLICATION_JSON_VALUE, version.stateBytes())
        .send(request, response);
  }
}
