package io.fedstep.security;

import static io.fedstep.security.Role.ADMIN;
import static io.fedstep.security.Role.CLIENT;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AuthenticationCredentialsNotFoundException;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.authorization.AuthorizationManager;
import org.springframework.security.authorization.AuthorizationResult;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.access.intercept.RequestAuthorizationContext;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;

/**
 * The rights of callers, decided by the request's line alone, before anything is looked up. The
 * first rule that fits decides; what no rule names is for administrators of all models.
 */
final class AccessRules implements AuthorizationManager<RequestAuthorizationContext> {
  /** Whether a caller may, with the variables of the path. */
  private interface Test {
    boolean allows(Caller caller, Map<String, String> path);
  }

  private record Rule(List<String> methods, PathPatternRequestMatcher path, @Nullable Test test) {}

  private static final List<String> READ = List.of("GET", "HEAD");
  private static final List<String> ANY = List.of("GET", "HEAD", "PUT", "POST", "DELETE");
  private static final String MODEL = "/v1/models/{model}";

  private static final Test OF_MODEL =
      (caller, path) -> caller.sees(path.getOrDefault("model", ""));
  private static final Test OBSERVES =
      (caller, path) -> caller.role() != CLIENT && OF_MODEL.allows(caller, path);
  private static final Test CONTRIBUTES =
      (caller, path) ->
          OF_MODEL.allows(caller, path)
              && switch (caller.role()) {
                case CLIENT -> caller.id().equals(path.get("client"));
                case OBSERVER -> false;
                case ADMIN -> true;
              };
  private static final Test LOOKS_UP =
      (caller, path) -> CONTRIBUTES.allows(caller, path) || OBSERVES.allows(caller, path);

  private static final List<Rule> RULES =
      Stream.concat(DashboardHeaders.PATHS.stream().map(path -> rule(READ, path, null)), rules())
          .toList();

  private static Stream<Rule> rules() {
    return Stream.of(
        rule(READ, "/actuator/health/liveness", null),
        rule(READ, "/actuator/health/readiness", null),
        rule(READ, "/actuator/**", (caller, _) -> caller.role() != CLIENT && caller.seesAll()),
        rule(READ, "/v3/api-docs", (_, _) -> true),
        rule(READ, "/v1/models", (_, _) -> true), // a caller is shown its own
        rule(READ, "/v1/deleted", (caller, _) -> caller.role() == ADMIN), // the same
        rule(READ, MODEL, OF_MODEL),
        rule(READ, MODEL + "/weights", OF_MODEL),
        rule(READ, MODEL + "/versions/{version}/weights", OF_MODEL),
        rule(READ, MODEL + "/versions/{version}/gradient", OF_MODEL),
        rule(READ, MODEL + "/control", OF_MODEL),
        rule(READ, MODEL + "/versions/{version}/control", OF_MODEL),
        rule(READ, MODEL + "/tags", OF_MODEL),
        rule(READ, MODEL + "/rounds/current", OF_MODEL),
        rule(READ, MODEL + "/rounds/{round}/roster", OF_MODEL),
        rule(READ, MODEL + "/privacy", OF_MODEL),
        rule(READ, "/v1/privacy/epsilon", (_, _) -> true),
        rule(List.of("PUT"), MODEL + "/rounds/{round}/updates/{client}", CONTRIBUTES),
        rule(List.of("OPTIONS"), MODEL + "/rounds/{round}/updates/{client}", CONTRIBUTES),
        rule(
            List.of("GET", "HEAD", "PATCH", "DELETE"),
            MODEL + "/rounds/{round}/updates/{client}/uploads/{upload}",
            CONTRIBUTES),
        rule(List.of("PUT"), MODEL + "/rounds/{round}/members/{client}", CONTRIBUTES),
        rule(List.of("PUT"), MODEL + "/rounds/{round}/shares/{client}", CONTRIBUTES),
        rule(List.of("PUT"), MODEL + "/rounds/{round}/unmasking/{client}", CONTRIBUTES),
        rule(READ, MODEL + "/rounds/{round}/shares/{client}", LOOKS_UP),
        rule(READ, MODEL + "/rounds/{round}/unmasking/{client}", LOOKS_UP),
        rule(List.of("PUT"), MODEL + "/versions/{version}/reports/{client}", CONTRIBUTES),
        rule(List.of("PUT"), MODEL + "/rounds/{round}/failures/{client}", CONTRIBUTES),
        rule(
            List.of("PUT"), MODEL + "/rounds/{round}/updates/", OF_MODEL), // 404: the id is missing
        rule(List.of("PUT"), MODEL + "/rounds/{round}/failures/", OF_MODEL),
        rule(List.of("PUT"), MODEL + "/versions/{version}/reports/", OF_MODEL),
        rule(READ, MODEL + "/rounds/{round}/updates/{client}", LOOKS_UP),
        rule(READ, MODEL + "/**", OBSERVES),
        rule(
            ANY,
            MODEL + "/**",
            (caller, path) -> caller.role() == ADMIN && OF_MODEL.allows(caller, path)));
  }

  private static Rule rule(List<String> methods, String path, @Nullable Test test) {
    return new Rule(methods, PathPatternRequestMatcher.pathPattern(path), test);
  }

  @Override
  public AuthorizationResult authorize(
      Supplier<? extends @Nullable Authentication> who, RequestAuthorizationContext context) {
    HttpServletRequest request = context.getRequest();
    return new AuthorizationDecision(
        request.getDispatcherType() == DispatcherType.ERROR
            || isAllowed(() -> caller(who), request));
  }

  /** Whether a caller may do what a request asks. */
  static boolean allows(Caller caller, HttpServletRequest request) {
    return isAllowed(() -> caller, request);
  }

  /** The client that a request's address names, or null. */
  static @Nullable String client(HttpServletRequest request) {
    return RULES.stream()
        .map(rule -> rule.path.matcher(request).getVariables().get("client"))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  private static boolean isAllowed(Supplier<Caller> who, HttpServletRequest request) {
    for (Rule rule : RULES) {
      var match = rule.path.matcher(request);
      if (match.isMatch() && rule.methods.contains(request.getMethod())) {
        return rule.test == null || rule.test.allows(who.get(), match.getVariables());
      }
    }
    Caller caller = who.get();
    return caller.role() == ADMIN && caller.seesAll();
  }

  private static Caller caller(Supplier<? extends @Nullable Authentication> who) {
    Authentication known = who.get();
    if (known == null || !(known.getPrincipal() instanceof Caller caller)) {
      throw new AuthenticationCredentialsNotFoundException(AccessProblems.WHO);
    }
    return caller;
  }
}
