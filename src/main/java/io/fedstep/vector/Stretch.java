package io.fedstep.vector;

/**
 * Neighbouring coordinates of a range that a close moves in the same way.
 *
 * @param at how many coordinates of the range are before it
 * @param length how many it has, at least 1
 * @param step how a close moves them
 * @param stepped how many coordinates of stepped tensors are before it in the whole vector: its
 *     place in vectors of those alone
 */
public record Stretch(int at, int length, Tensor.Step step, long stepped) {
  /** Whether its tensors are only averaged. */
  public boolean isPlain() {
    return step == Tensor.Step.PLAIN;
  }

  /** The place in the range behind it. */
  public int end() {
    return at + length;
  }
}
