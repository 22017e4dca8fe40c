package io.fedstep.problem;

/** Carries a {@link Refusal} out of nested code to the one place that answers it. */
public final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Refusal refusal;

  RefusedException(Refusal refusal) {
    super(refusal.problem().code() + ": " + refusal.detail(), null, false, false);
    this.refusal = refusal;
  }

  /** What is refused, and why. */
  public Refusal refusal() {
    return refusal;
  }
}
