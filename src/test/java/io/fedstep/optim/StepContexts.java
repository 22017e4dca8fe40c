package io.fedstep.optim;

import io.fedstep.vector.Range;
import io.fedstep.vector.TensorLayout;
import java.util.List;
import java.util.Map;

/** StepContexts for tests. */
final class StepContexts {
  static final String SECRET = "0123456789abcdef";

  private StepContexts() {}

  /** The second step, over some coordinates. */
  static StepContext at(long from, int length) {
    return at(2, from, length);
  }

  /** The step that makes a version, over some coordinates. */
  static StepContext at(long version, long from, int length) {
    return new StepContext(
        new StepContext.Step(version == 1, List.of(version - 1), version, SECRET),
        0,
        new Range(from, length),
        TensorNorms.none(new TensorLayout(Map.of("w", List.of(from + length)))));
  }
}
