package io.fedstep.vector;

import java.util.List;

/**
 * A named tensor and its place in the flat vector.
 *
 * @param name non-empty, at most 200 characters
 * @param shape dimensions, each at least 0; empty for a scalar
 * @param offset index of its first value in the flat vector
 * @param size number of values
 */
public record Tensor(String name, List<Long> shape, long offset, long size) {
  /** The index after its last value. */
  public long end() {
    return offset + size;
  }
}
