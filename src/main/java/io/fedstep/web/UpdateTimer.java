package io.fedstep.web;

import io.fedstep.coordinator.Listener;
import io.fedstep.problem.Problem;
import io.fedstep.wire.Body;
import io.fedstep.wire.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.HandlerInterceptor;

/** Tells what came of each update, however it was answered, and how long that took. */
final class UpdateTimer implements HandlerInterceptor {
  private final Listener listener;

  UpdateTimer(Listener listener) {
    this.listener = listener;
  }

  @Override
  public void afterCompletion(
      HttpServletRequest request,
      HttpServletResponse response,
      Object handler,
      @Nullable Exception unhandled) {
    Exchange exchange = Exchange.of(request);
    String outcome = exchange.outcome();
    if (Body.comesWith(request.getMethod()) && !Listener.PAUSED.equals(outcome)) {
      listener.updateAnswered(
          Address.of(request).model(),
          outcome == null ? Problem.INTERNAL.code() : outcome,
          exchange.age(),
          exchange.bytes());
    }
  }
}
