package io.fedstep.security;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Whether the sender of a request may still do what it asks, for answers that take long. */
public final class Rights {
  private static final String IDENTITY = "io.fedstep.identity";

  /** Whom a request's credentials name, each time they are looked at. */
  private record Identity(Supplier<Caller> caller) {}

  private Rights() {}

  /** Notes how to find out again who sends a request. */
  static void note(HttpServletRequest request, Supplier<Caller> caller) {
    request.setAttribute(IDENTITY, new Identity(caller));
  }

  /**
   * Looks again at credentials and rights; on a server without authentication, at nothing.
   *
   * @throws RefusedException 401 or 403 if they are not what they were
   */
  public static void check(HttpServletRequest request, HttpServletResponse response) {
    if (request.getAttribute(IDENTITY) instanceof Identity identity) {
      Refusal refusal = refusal(identity, request);
      if (refusal != null) {
        AuditLog.refused(request, refusal);
        if (refusal.problem() == Problem.UNAUTHORIZED) {
          response.setHeader("WWW-Authenticate", Doorman.INVALID);
        }
        throw refusal.exception();
      }
    }
  }

  private static @Nullable Refusal refusal(Identity identity, HttpServletRequest request) {
    try {
      Caller caller = identity.caller.get();
      return Access.allows(caller, request) ? null : Doorman.forbidden(caller);
    } catch (NotIdentifiedException e) {
      return e.refusal();
    }
  }
}
