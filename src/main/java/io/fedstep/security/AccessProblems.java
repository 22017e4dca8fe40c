package io.fedstep.security;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.quota.RequestRate;
import io.fedstep.wire.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.access.AccessDeniedHandler;
import org.springframework.security.web.authentication.AuthenticationFailureHandler;
import org.springframework.web.servlet.HandlerExceptionResolver;

/** Answers requests without credentials or rights: one problem document, whichever filter asks. */
final class AccessProblems
    implements AuthenticationEntryPoint, AuthenticationFailureHandler, AccessDeniedHandler {
  /** The sentence for a request without credentials. */
  static final String WHO =
      "Say who you are: a bearer token in the Authorization field, or a client's certificate.";

  /** The challenge to a request whose credentials do not count. */
  static final String INVALID = "Bearer error=\"invalid_token\"";

  private final HandlerExceptionResolver problems;
  private final RequestRate rate;

  AccessProblems(HandlerExceptionResolver problems, RequestRate rate) {
    this.problems = problems;
    this.rate = rate;
  }

  /** Answers with a refusal. */
  void refuse(HttpServletRequest request, HttpServletResponse response, Refusal refusal) {
    problems.resolveException(request, response, null, refusal.exception());
  }

  /** Answers with a refusal for want of credentials or rights, which goes to the audit log. */
  void deny(HttpServletRequest request, HttpServletResponse response, Refusal refusal) {
    Exchange.of(request).deny(refusal);
    refuse(request, response, refusal);
  }

  @Override
  public void commence(
      HttpServletRequest request, HttpServletResponse response, AuthenticationException e) {
    refuse(request, response, Refusal.of(Problem.UNAUTHORIZED, WHO), "Bearer");
  }

  @Override
  public void onAuthenticationFailure(
      HttpServletRequest request, HttpServletResponse response, AuthenticationException e) {
    Refusal tooMany = rate.count(Exchange.senderName(request)); // nobody guesses tokens for long
    refuse(
        request,
        response,
        tooMany != null
            ? tooMany
            : e instanceof NotIdentifiedException known
                ? known.refusal()
                : Refusal.of(Problem.UNAUTHORIZED, "The credentials say nothing."),
        INVALID);
  }

  private void refuse(
      HttpServletRequest request, HttpServletResponse response, Refusal refusal, String challenge) {
    if (refusal.problem() == Problem.UNAUTHORIZED) {
      response.setHeader("WWW-Authenticate", challenge);
    }
    deny(request, response, refusal);
  }

  @Override
  public void handle(
      HttpServletRequest request, HttpServletResponse response, AccessDeniedException e) {
    deny(request, response, forbidden(Caller.of(request), request));
  }

  /** The refusal for want of rights; of a client that names another one in the address, by both. */
  static Refusal forbidden(Caller caller, HttpServletRequest request) {
    String named = AccessRules.client(request);
    return Refusal.of(
        Problem.FORBIDDEN,
        caller.role() == Role.CLIENT && named != null && !named.equals(caller.id())
            ? "The credentials are those of client '%s', and the address names client '%s'; a client acts under its own id."
                .formatted(caller.id(), named)
            : "'%s' has the role %s, which may not do this here."
                .formatted(caller.id(), caller.role().label()));
  }
}
