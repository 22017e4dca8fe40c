package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.model.Name;
import io.fedstep.problem.Refusal;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import java.util.regex.Pattern;
import org.springframework.web.servlet.HandlerMapping;

/**
 * Notes which updates were refused, and why; whoever may not send any does not come here, and what
 * names no round or client is no update of anybody.
 */
final class RefusedUpdates {
  private static final Pattern ROUND = Pattern.compile("\\d{1,18}");

  private final Coordinator coordinator;

  RefusedUpdates(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  /** Notes a refusal if it is of an update. */
  void note(HttpServletRequest request, Refusal refusal, int status) {
    if (request.getMethod().equals("PUT")
        && request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE)
            instanceof Map<?, ?> path
        && path.get("model") instanceof String model
        && path.get("round") instanceof String round
        && path.get("client") instanceof String client
        && ROUND.matcher(round).matches()
        && Name.is(client)) {
      coordinator.refused(model, Long.parseLong(round), client, refusal, status);
    }
  }
}
