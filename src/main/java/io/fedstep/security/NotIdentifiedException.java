package io.fedstep.security;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import org.springframework.security.core.AuthenticationException;

/** A request whose credentials do not say who sent it. */
final class NotIdentifiedException extends AuthenticationException {
  private static final long serialVersionUID = 1L;

  private final transient Refusal refusal;

  NotIdentifiedException(Refusal refusal) {
    super(refusal.detail());
    this.refusal = refusal;
  }

  NotIdentifiedException(String detail) {
    this(Refusal.of(Problem.UNAUTHORIZED, detail));
  }

  Refusal refusal() {
    return refusal;
  }
}
