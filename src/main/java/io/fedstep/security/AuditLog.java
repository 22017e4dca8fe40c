package io.fedstep.security;

import io.fedstep.wire.Exchange;
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
 * credentials as far as {@link AuditLines} goes. The logger's name is {@value #NAME}; no line holds
 * a token.
 */
final class AuditLog extends OncePerRequestFilter {
  static final String NAME = "io.fedstep.audit";

  static final Logger LOG = LoggerFactory.getLogger(NAME);
  private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");
  private static final Pattern CONTRIBUTION =
      Pattern.compile("/v1/.*/(updates|reports|failures)/[^/]*");

  /** Characters of an address, or of a reason, that a line shows. */
  private static final int MOST_TEXT = 200;

  private static final Pattern UNPRINTABLE = Pattern.compile("[^\\x20-\\x7e]");

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
      String denial = Exchange.of(request).denial();
      if (denial != null) {
        lines.write(
            name(request), line("refused", request, response) + " why=\"" + text(denial) + '"');
      } else if (isChange(request, caller)) {
        String line = line("changed", request, response);
        if (caller.isAnybody() && response.getStatus() >= HttpServletResponse.SC_BAD_REQUEST) {
          lines.write(name(request), line); // nothing was changed
        } else {
          LOG.info(line);
        }
      }
    }
  }

  private static boolean isChange(HttpServletRequest request, Caller caller) {
    return !READS.contains(request.getMethod())
        && caller.role() == Role.ADMIN
        && !(caller.isAnybody() && CONTRIBUTION.matcher(request.getRequestURI()).matches());
  }

  private static String line(
      String event, HttpServletRequest request, HttpServletResponse response) {
    Caller caller = Caller.of(request);
    return "%s status=%s by=%s role=%s from=%s %s %s"
        .formatted(
            event,
            response.getStatus(),
            caller.id(),
            caller.isAnybody() ? "-" : caller.role().label(),
            printable(request.getRemoteAddr()),
            text(request.getMethod()),
            text(request.getRequestURI()));
  }

  private static String name(HttpServletRequest request) {
    return printable(Exchange.senderName(request));
  }

  /** An address as a proxy gave it, without blanks. */
  private static String printable(String address) {
    return text(address).replace(' ', '?');
  }

  /** A text of the request: printable, and cut. */
  private static String text(String theirs) {
    String cut = theirs.length() > MOST_TEXT ? theirs.substring(0, MOST_TEXT) + "..." : theirs;
    return UNPRINTABLE.matcher(cut).replaceAll("?");
  }
}
