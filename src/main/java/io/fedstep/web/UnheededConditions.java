package io.fedstep.web;

import io.fedstep.wire.Problems;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Refuses conditions that a PUT, POST or DELETE would not heed: a sender of a condition must not
 * find the change made all the same.
 */
final class UnheededConditions implements HandlerInterceptor {
  static final String PATHS = "/v1/**";

  private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS");
  private static final String SET_WEIGHTS = "PUT /v1/models/{model}/weights";

  /** What heeds {@code If-Match}. */
  private static final Set<String> MATCH =
      Set.of(
          SET_WEIGHTS,
          "PUT /v1/models/{model}/optimizer/state",
          "POST /v1/models/{model}/versions/{version}/restore",
          "DELETE /v1/models/{model}");

  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    if (!READS.contains(request.getMethod())) {
      Collections.list(request.getHeaderNames()).stream()
          .map(name -> name.toLowerCase(Locale.ROOT))
          .filter(name -> name.startsWith("if-") && !isHeeded(name, request))
          .findFirst()
          .ifPresent(name -> {
            throw Problems.malformed(
                "The condition '%s: %s' is not understood here, so that nothing was done."
                    .formatted(name, request.getHeader(name)));
          });
    }
    return true;
  }

  private static boolean isHeeded(String name, HttpServletRequest request) {
    String operation = request.getMethod() + " " + Address.of(request).pattern();
    return switch (name) {
      case "if-match" -> MATCH.contains(operation);
      case "if-none-match" ->
          operation.equals(SET_WEIGHTS)
              && Collections.list(request.getHeaders(name)).stream()
                  .map(String::strip)
                  .toList()
                  .equals(List.of("*"));
      default -> false;
    };
  }
}
