package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.Version;
import io.fedstep.wire.AnswerHead;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** The controls of versions of models with SCAFFOLD, as clients fetch them. */
@RestController
@RequestMapping("/v1/models/{model}")
class ControlController {
  private static final String KEY = "control";

  private final Coordinator coordinator;

  ControlController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @GetMapping("/control")
  void newest(@PathVariable String model, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    ModelStatus status = coordinator.durableStatus(Query.name("model", model));
    String client = client(request);
    status.checkWeights();
    DownloadController.sendNewest(
        coordinator,
        model,
        status.newest().version(),
        number -> send(model, coordinator.version(model, number), client, request, response));
  }

  @GetMapping("/versions/{version}/control")
  void ofVersion(
      @PathVariable String model,
      @PathVariable String version,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    coordinator.spec(Query.name("model", model));
    String client = client(request);
    Version found = coordinator.version(model, Query.version(version));
    Address.of(request).locate(found.info(), response);
    send(model, found, client, request, response);
  }

  /** The client whose round is asked for, or null. */
  private static @Nullable String client(HttpServletRequest request) {
    return Query.ownClient(
        request, "'%s' may ask for the round of its own control, not of that of '%s'.");
  }

  private void send(
      String model,
      Version version,
      @Nullable String client,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    ModelSpec spec = coordinator.spec(model);
    if (!spec.hasControls()) {
      throw Refusal.of(
              Problem.CONTROL_NOT_FOUND,
              "Model '%s' has no scaffold-server, and so no control.".formatted(model))
          .exception();
    }
    Long round = client == null ? null : version.controls().of(client);
    if (round != null) {
      response.setHeader("Fedstep-Control-Round", round.toString());
    }
    Representation form =
        Representation.accepted(request.getHeader("Accept"), spec.dtype(), false).getFirst();
    AnswerHead head = form.head(version.info(), "." + KEY, request);
    if (Conditions.isKnown(request, head.etag())) {
      head.notModified(response);
      return;
    }
    new VectorAnswer(KEY, head, spec.stepped(), version.controlBytes())
        .send(form, request, response);
  }
}
