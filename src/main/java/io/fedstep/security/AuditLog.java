package io.fedstep.security;

import io.fedstep.problem.Refusal;
import io.fedstep.wire.Exchange;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * A line for every change by an administrator, with what came of it, and for every refusal for
 * credentials as far as {@link AuditLines} goes. The logger's name is {@value #NAME}; no line holds
 * a token.
 */
final class AuditLog extends OncePerRequestFilter {
  static final String NAME = "io.fedstep.audit";

  static final Logger LOG = LoggerFactory.getLogger(NAME);
  private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");
  private static final Pattern CONTRIBUTION =
      Pattern.compile(
          "/v1/.*/(updates|reports|failures|members|shares|unmasking)/[^/]*+(?:/uploads/[^/]*+)?+");

  private final AuditLines lines;

  AuditLog(AuditLines lines) {
    this.lines = lines;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    try {
      chain.doFilter(request, response);
    } finally {
      Caller caller = Caller.of(request);
      Refusal denial = Exchange.of(request).denial();
      if (denial != null) { // perhaps of a stream, whose answer began with another status
        limited(request, line("refused", request, denial.status(), denial.detail()));
      } else if (isChange(request, caller)) {
        AuditLine line = line("changed", request, response.getStatus(), null);
        if (caller.isAnybody() && response.getStatus() >= HttpServletResponse.SC_BAD_REQUEST) {
          limited(request, line); // nothing was changed
        } else {
          line.writeTo(LOG);
        }
      }
    }
  }

  private void limited(HttpServletRequest request, AuditLine line) {
    lines.write(AuditLine.name(Exchange.senderName(request)), () -> line.writeTo(LOG));
  }

  private static boolean isChange(HttpServletRequest request, Caller caller) {
    return !READS.contains(request.getMethod())
        && caller.role() == Role.ADMIN
        && !(caller.isAnybody() && CONTRIBUTION.matcher(request.getRequestURI()).matches());
  }

  private static AuditLine line(
      String action, HttpServletRequest request, int status, @Nullable String why) {
    Caller caller = Caller.of(request);
    return new AuditLine(
        action,
        status,
        caller.id(),
        caller.isAnybody() ? "-" : caller.role().label(),
        request.getRemoteAddr(),
        request.getMethod(),
        request.getRequestURI(),
        why,
        Exchange.of(request).spent());
  }
}
