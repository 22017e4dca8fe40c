package io.fedstep.web;

import io.fedstep.coordinator.Listener;
import io.fedstep.problem.Problem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.HandlerMapping;

/** Tells what came of each update, however it was answered, and how long that took. */
final class UpdateTimer implements HandlerInterceptor {
  private static final String STARTED = "io.fedstep.update.started";

  private final Listener listener;

  UpdateTimer(Listener listener) {
    this.listener = listener;
  }

  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    if (request.getMethod().equals("PUT")) {
      request.setAttribute(STARTED, System.nanoTime());
    }
    return true;
  }

  @Override
  public void afterCompletion(
      HttpServletRequest request,
      HttpServletResponse response,
      Object handler,
      @Nullable Exception unhandled) {
    if (request.getAttribute(STARTED) instanceof Long started) {
      long bytes = request.getAttribute(Body.BYTES) instanceof Long read ? read : 0;
      listener.updateAnswered(
          model(request),
          request.getAttribute(Problems.OUTCOME) instanceof String outcome
              ? outcome
              : Problem.INTERNAL.code(),
          Duration.ofNanos(System.nanoTime() - started),
          bytes);
    }
  }

  private static String model(HttpServletRequest request) {
    var variables =
        (Map<?, ?>) request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE);
    return (String) Objects.requireNonNull(variables.get("model"));
  }
}
