package io.fedstep.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.filter.UrlHandlerFilter;

/**
 * Drops one slash at the end of an address, before rights are looked at. Where a client's id is to
 * follow it stays: the address without it is another.
 */
final class TrailingSlash extends OncePerRequestFilter {
  private static final List<String> BEFORE_AN_ID = List.of("/updates/", "/reports/", "/failures/");

  private final UrlHandlerFilter slashes =
      UrlHandlerFilter.trailingSlashHandler("/v1/**", "/v3/**", "/actuator/**")
          .wrapRequest()
          .build();

  /** Whether a request puts something of a client and does not say of which. */
  static boolean lacksId(HttpServletRequest request) {
    return request.getMethod().equals("PUT")
        && BEFORE_AN_ID.stream().anyMatch(request.getRequestURI()::endsWith);
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (lacksId(request)) {
      chain.doFilter(request, response);
    } else {
      slashes.doFilter(request, response, chain);
    }
  }
}
