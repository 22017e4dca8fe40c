package io.fedstep.round;

/**
 * Which control of a client's own its update was computed with, as the client says, in a model with
 * SCAFFOLD.
 */
public sealed interface Control {
  /** None yet: zeros. */
  record None() implements Control {}

  /** The one that the client worked out with its update of a round. */
  record Of(long round) implements Control {}

  /** Zeros, in the place of one that the client has lost. */
  record Lost() implements Control {}
}
