package io.fedstep.security;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import org.springframework.security.web.header.HeaderWriter;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;

/**
 * Header fields of the dashboard's files. The files hold no secret and need no credentials; what
 * they show they ask for with the token of their user. A browser runs, shows and reaches nothing
 * for them that is not of this server.
 */
final class DashboardHeaders implements HeaderWriter {
  static final List<String> PATHS = List.of("/", "/index.html", "/dashboard/**");

  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final List<PathPatternRequestMatcher> FILES =
      PATHS.stream().map(PathPatternRequestMatcher::pathPattern).toList();

  @Override
  public void writeHeaders(HttpServletRequest request, HttpServletResponse response) {
    if (FILES.stream().anyMatch(files -> files.matches(request))) {
      response.setHeader("Content-Security-Policy", POLICY);
      response.setHeader("Referrer-Policy", "no-referrer");
      response.setHeader("Cache-Control", "no-cache"); // an upgrade shows at once
    }
  }
}
