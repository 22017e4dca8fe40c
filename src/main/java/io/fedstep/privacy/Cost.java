package io.fedstep.privacy;

import org.jspecify.annotations.Nullable;

/**
 * The ε of some rounds.
 *
 * @param order the Rényi divergence's that gives it, or null where the Gaussian curve does
 */
public record Cost(double epsilon, @Nullable Double order) {
  /** Before the first round. */
  static final Cost NOTHING = new Cost(0, null);

  /** How it was computed: {@code gaussian} or {@code rdp}. */
  public String by() {
    return order == null ? "gaussian" : "rdp";
  }
}
