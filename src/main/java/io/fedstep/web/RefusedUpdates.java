package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.model.Name;
import io.fedstep.problem.Refusal;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.HandlerMapping;

/**
 * Notes which updates were refused, and why; whoever may not send any does not come here, and what
 * names no round or client is no update of anybody.
 */
final class RefusedUpdates implements HandlerInterceptor {
  private static final Pattern ROUND = Pattern.compile("\\d{1,18}");

  private final Coordinator coordinator;

  RefusedUpdates(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @Override
  public void afterCompletion(
      HttpServletRequest request,
      HttpServletResponse response,
      Object handler,
      @Nullable Exception unhandled) {
    if (request.getMethod().equals("PUT")
        && request.getAttribute(Problems.REFUSAL) instanceof Refusal refusal
        && request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE)
            instanceof Map<?, ?> path
        && path.get("model") instanceof String model
        && path.get("round") instanceof String round
        && path.get("client") instanceof String client
        && ROUND.matcher(round).matches()
        && Name.is(client)) {
      coordinator.refused(model, Long.parseLong(round), client, refusal, response.getStatus());
    }
  }
}
