package io.fedstep.security;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Answers only to names of this machine, on a server that serves it alone, without authentication:
 * a web page may have its own name resolve to this machine, and is of the same origin then.
 */
final class LoopbackHostFilter extends OncePerRequestFilter {
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|.+\\.localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1]");

  private final AccessProblems refusals;

  LoopbackHostFilter(AccessProblems refusals) {
    this.refusals = refusals;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String host = request.getServerName();
    if (LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches()) {
      chain.doFilter(request, response);
      return;
    }
    String why =
        "The Host '%s' is no name of this machine; fedstep has no authentication configured, so it answers only to localhost."
            .formatted(host);
    refusals.deny(request, response, Refusal.of(Problem.FORBIDDEN, why));
  }
}
