package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.security.Rights;
import io.fedstep.wire.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** What happens to a model, as server-sent events. */
@RestController
class EventController {
  /** After which a comment says that the stream lives. */
  private static final Duration SILENCE = Duration.ofSeconds(15);

  private final Coordinator coordinator;

  EventController(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @GetMapping("/v1/models/{model}/events")
  void events(@PathVariable String model, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Query.none(request);
    ModelStatus first = coordinator.durableStatus(Query.name("model", model));
    response.setContentType("text/event-stream");
    response.setCharacterEncoding("UTF-8");
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Accel-Buffering", "no"); // nginx passes it on at once
    if (request.getMethod().equals("HEAD")) {
      return;
    }
    try (var _ = coordinator.follow(Exchange.holder(request))) {
      tell(model, first, request, response);
    }
  }

  private void tell(
      String model, ModelStatus first, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Runnable check = () -> Rights.check(request, response);
    var events = new EventStream(response.getOutputStream(), coordinator, model);
    events.begin(request.getHeader("Last-Event-ID"), first);
    ModelStatus seen = first;
    while (!coordinator.draining()) {
      ModelStatus last = seen;
      ModelStatus next = coordinator.awaitChange(model, last, SILENCE, check);
      if (!next.equals(last)) {
        events.tell(last, next);
      } else if (!coordinator.draining()) {
        events.comment();
      }
      seen = next;
    }
  }
}
