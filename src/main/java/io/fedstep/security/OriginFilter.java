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
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Keeps web pages of other origins out: a browser sends what they tell it to, from inside a network
 * that trusts it. They may link to the dashboard, and do nothing else. Programs send none of the
 * fields that are looked at here.
 */
final class OriginFilter extends OncePerRequestFilter {
  private static final Set<String> OWN = Set.of("same-origin", "none");
  private static final Set<String> OTHER = Set.of("same-site", "cross-site");

  /** A host's name, and its port where one is given. */
  private static final Pattern AUTHORITY = Pattern.compile("(\\[[^]]*]|[^:]*)(?::(\\d{1,5}))?");

  private final List<String> allowed;
  private final AccessProblems refusals;

  OriginFilter(List<String> allowed, AccessProblems refusals) {
    this.allowed = allowed;
    this.refusals = refusals;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if (passes(request)) {
      chain.doFilter(request, response);
      return;
    }
    String why =
        "The request comes from a web page of another origin, which is none of"
            + " fedstep.security.allowed-origins.";
    refusals.deny(request, response, Refusal.of(Problem.FORBIDDEN, why));
  }

  private boolean passes(HttpServletRequest request) {
    String site = request.getHeader("Sec-Fetch-Site");
    if ((site != null && OWN.contains(site)) || isVisit(request)) {
      return true;
    }
    List<String> origins = Collections.list(request.getHeaders("Origin"));
    return origins.isEmpty()
        ? site == null || !OTHER.contains(site)
        : origins.stream().allMatch(one -> allowed.contains(one) || isOwn(one, request));
  }

  /** Whether a browser follows a link, to show a page. */
  private static boolean isVisit(HttpServletRequest request) {
    return request.getMethod().equals("GET")
        && "navigate".equals(request.getHeader("Sec-Fetch-Mode"))
        && "document".equals(request.getHeader("Sec-Fetch-Dest"));
  }

  private static boolean isOwn(String origin, HttpServletRequest request) {
    try {
      URI page = new URI(origin);
      return request.getScheme().equalsIgnoreCase(page.getScheme())
          && request.getServerName().equalsIgnoreCase(page.getHost())
          && port(request) == (page.getPort() < 0 ? port(page.getScheme()) : page.getPort());
    } catch (URISyntaxException e) {
      return false;
    }
  }

  private static int port(String scheme) {
    return scheme.equalsIgnoreCase("https") ? 443 : 80;
  }

  /**
   * The port that the browser asked: the container takes the scheme's own where a proxy forwards
   * the scheme, but not the port.
   */
  private static int port(HttpServletRequest request) {
    return request.getHeader("X-Forwarded-Port") != null
        ? request.getServerPort()
        : Stream.of("X-Forwarded-Host", "Host")
            .map(request::getHeader)
            .filter(Objects::nonNull)
            .map(AUTHORITY::matcher)
            .filter(Matcher::matches)
            .filter(authority -> authority.group(1).equalsIgnoreCase(request.getServerName()))
            .map(authority -> authority.group(2))
            .filter(Objects::nonNull)
            .findFirst()
            .map(Integer::valueOf)
            .orElseGet(request::getServerPort);
  }
}
