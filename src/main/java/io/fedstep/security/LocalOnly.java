package io.fedstep.security;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Keeps other people's web pages from a server that asks nobody who he is: a browser on the same
 * machine reaches it, and sends what a page tells it to. A page may also have its own name resolve
 * to this machine, so that a name that is not this machine's is refused as well.
 */
final class LocalOnly extends OncePerRequestFilter {
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|.+\\.localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1]");

  private final boolean checksHost;
  private final List<String> allowedOrigins;
  private final Doorman doorman;

  /**
   * A guard.
   *
   * @param checksHost whether only names of this machine are served
   */
  LocalOnly(boolean checksHost, List<String> allowedOrigins, Doorman doorman) {
    this.checksHost = checksHost;
    this.allowedOrigins = allowedOrigins;
    this.doorman = doorman;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String why = reason(request);
    if (why == null) {
      chain.doFilter(request, response);
      return;
    }
    doorman.turnAway(request, response, Refusal.of(Problem.FORBIDDEN, why));
  }

  private @Nullable String reason(HttpServletRequest request) {
    String host = request.getServerName();
    if (checksHost && !isLoopback(host)) {
      return "The Host '%s' is no name of this machine; fedstep asks nobody who he is, so it answers only to localhost."
          .formatted(host);
    }
    String origin = request.getHeader("Origin");
    if (origin != null && allowedOrigins.contains(origin)) {
      return null;
    }
    boolean foreign =
        "cross-site".equals(request.getHeader("Sec-Fetch-Site"))
            || (checksHost && origin != null && !isLoopback(hostOf(origin)));
    return foreign
        ? "The request comes from a web page of another site, which is none of"
            + " fedstep.security.allowed-origins."
        : null;
  }

  private static @Nullable String hostOf(String origin) {
    try {
      return new URI(origin).getHost();
    } catch (URISyntaxException e) {
      return null;
    }
  }

  private static boolean isLoopback(@Nullable String host) {
    return host != null && LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches();
  }
}
