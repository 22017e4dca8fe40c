package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.RequestPlaces;
import io.fedstep.model.Name;
import io.fedstep.wire.Body;
import io.fedstep.wire.Exchange;
import io.fedstep.wire.HeavyWork;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Takes a place for each request with a body (updates take theirs themselves), and gives back what
 * a request holds before the rest of its body is dropped.
 */
final class UploadPlaces implements HandlerInterceptor {

  private final Coordinator coordinator;
  private final HeavyWork work;

  UploadPlaces(Coordinator coordinator, HeavyWork work) {
    this.coordinator = coordinator;
    this.work = work;
  }

  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    Exchange exchange = Exchange.of(request);
    exchange.workWith(work);
    if (Body.comesWith(request.getMethod())
        && !Address.of(request).pattern().equals(UpdateController.PATH)) {
      RequestPlaces.UploadPlace place =
          coordinator.takeUpload(client(request), Exchange.holder(request));
      exchange.hold(place::close);
    }
    return true;
  }

  /** The client that the path names, or else the caller. */
  private static @Nullable String client(HttpServletRequest request) {
    String client = Address.of(request).text("client");
    return client != null && Name.is(client) ? client : Exchange.holder(request);
  }

  @Override
  public void afterCompletion(
      HttpServletRequest request,
      HttpServletResponse response,
      Object handler,
      @Nullable Exception unhandled)
      throws IOException {
    Exchange.of(request).close();
  }
}
