package io.fedstep.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Arrays;
import org.springframework.core.MethodParameter;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Refuses query parameters at addresses that have none: at methods that are not given the request.
 * Other methods read them by {@link Query}, which knows their names.
 */
final class UnreadParameters implements HandlerInterceptor {
  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    if (handler instanceof HandlerMethod method
        && Arrays.stream(method.getMethodParameters())
            .map(MethodParameter::getParameterType)
            .noneMatch(HttpServletRequest.class::equals)) {
      Query.none(request);
    }
    return true;
  }
}
