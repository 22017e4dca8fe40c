package io.fedstep.security;

import io.fedstep.problem.Refusal;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * A line for every change by an administrator, with what came of it, and for every refusal for
 * credentials. The logger's name is {@value #NAME}; no line holds a token.
 */
final class AuditLog extends OncePerRequestFilter {
  static final String NAME = "io.fedstep.audit";

  private static final Logger LOG = LoggerFactory.getLogger(NAME);
  private static final String REFUSED = "io.fedstep.audit.refused";
  private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");
  private static final Pattern CONTRIBUTION = Pattern.compile("/v1/.*/(updates|reports)/[^/]*");
  private static final Pattern UNPRINTABLE = Pattern.compile("[^\\x20-\\x7e]");

  /** Has a line written about a refusal for credentials, once the request is over. */
  static void refused(HttpServletRequest request, Refusal refusal) {
    request.setAttribute(REFUSED, refusal.detail());
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    try {
      chain.doFilter(request, response);
    } finally {
      if (request.getAttribute(REFUSED) instanceof String why) {
        write("refused", request, response, why);
      } else if (isChange(request)) {
        write("changed", request, response, "");
      }
    }
  }

  private static boolean isChange(HttpServletRequest request) {
    Caller caller = Caller.of(request);
    return !READS.contains(request.getMethod())
        && caller.role() == Role.ADMIN
        && !(caller.isAnybody() && CONTRIBUTION.matcher(request.getRequestURI()).matches());
  }

  private static void write(
      String event, HttpServletRequest request, HttpServletResponse response, String why) {
    Caller caller = Caller.of(request);
    LOG.info(
        "{} status={} by={} role={} from={} {} {}{}",
        event,
        response.getStatus(),
        caller.id(),
        caller.isAnybody() ? "-" : caller.role().label(),
        request.getRemoteAddr(),
        request.getMethod(),
        request.getRequestURI(),
        why.isEmpty() ? "" : " why=\"" + UNPRINTABLE.matcher(why).replaceAll("?") + '"');
  }
}
