package io.fedstep.security;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.wire.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Whether the sender of a request may still do what it asks, for answers that take long. */
public final class Rights {
  private Rights() {}

  /**
   * Notes the sender of a request.
   *
   * @param identity the caller that the request's credentials name, each time they are looked at
   */
  static Caller note(HttpServletRequest request, Supplier<Caller> identity) {
    Caller caller = identity.get();
    Exchange.of(request).sentBy(caller, () -> refusal(identity, request));
    return caller;
  }

  /**
   * Looks again at credentials and rights; on a server without authentication, at nothing.
   *
   * @throws RefusedException 401 or 403 if they are not what they were
   */
  public static void check(HttpServletRequest request, HttpServletResponse response) {
    Exchange exchange = Exchange.of(request);
    Refusal refusal = exchange.rightsLost();
    if (refusal != null) {
      exchange.deny(refusal);
      if (refusal.problem() == Problem.UNAUTHORIZED) {
        response.setHeader("WWW-Authenticate", AccessProblems.INVALID);
      }
      throw refusal.exception();
    }
  }

  private static @Nullable Refusal refusal(Supplier<Caller> identity, HttpServletRequest request) {
    try {
      Caller caller = identity.get();
      return AccessRules.allows(caller, request) ? null : AccessProblems.forbidden(caller, request);
    } catch (NotIdentifiedException e) {
      return e.refusal();
    }
  }
}
