package io.fedstep.coordinator;

/** The content of a version that takes the place of the open round. */
public sealed interface Replacement {
  /** Weights and state of an earlier version that is kept. */
  record Restored(long from) implements Replacement {}

  /**
   * Another optimizer state, with the newest weights.
   *
   * @param draft the name of the draft that has it
   */
  record State(String draft) implements Replacement {}

  /**
   * The first weights, in place of zeros.
   *
   * @param draft the name of the draft that has them
   * @param digest of the flat vector
   */
  record Weights(String draft, String digest) implements Replacement {}
}
