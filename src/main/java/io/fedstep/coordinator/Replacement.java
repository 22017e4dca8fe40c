package io.fedstep.coordinator;

/** What a version is made of in place of the open round's updates. */
public sealed interface Replacement {
  /** The numbers of an earlier version that is kept. */
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
