package io.fedstep.optim;

import io.fedstep.vector.Range;
import java.util.List;

/**
 * A module's place in the step that is under way: which step, which module, which coordinates.
 *
 * @param step the step of the whole chain
 * @param module the module's place in the chain
 * @param range the coordinates of the slice
 * @param norms of the whole input, for a module that needs them
 */
public record StepContext(Step step, int module, Range range, TensorNorms norms) {
  /**
   * A step of all modules of a model.
   *
   * @param first whether it is the first
   * @param taken for each module how many it has taken before; 0 where that is not counted
   * @param version the number of the version that it makes, which no other step has
   * @param secret what nobody outside knows, from the model's creation on
   */
  public record Step(boolean first, List<Long> taken, long version, String secret) {
    /** Copies the list. */
    public Step {
      taken = List.copyOf(taken);
    }

    /** The round that the step ends. */
    public long round() {
      return version - 1;
    }
  }

  boolean first() {
    return step.first;
  }

  /** Which step of the module's this is, from 1 on. */
  long count() {
    return step.taken.get(module) + 1;
  }
}
