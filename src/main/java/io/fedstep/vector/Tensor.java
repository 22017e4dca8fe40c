package io.fedstep.vector;

import java.util.List;
import java.util.Locale;

/**
 * A named tensor and its place in the flat vector.
 *
 * @param name non-empty, at most 200 characters
 * @param shape dimensions, each at least 0; empty for a scalar
 * @param offset index of its first value in the flat vector
 * @param size number of values
 * @param step how a close moves it
 */
public record Tensor(String name, List<Long> shape, long offset, long size, Step step) {
  /** How a close moves a tensor. */
  public enum Step {
    /** By the model's optimizer. */
    OPTIMIZER,
    /** By the aggregated update as it is: it is only averaged. */
    PLAIN;

    /** As a spec writes it. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Whether it is only averaged. */
  public boolean isPlain() {
    return step == Step.PLAIN;
  }

  /** The index after its last value. */
  public long end() {
    return offset + size;
  }
}
