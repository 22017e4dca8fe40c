package io.fedstep.model;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.optim.Optimizer;
import io.fedstep.vector.TensorLayout;
import org.jspecify.annotations.Nullable;

/** The parts of a spec that have to go together: all that {@link SpecRule}s look at. */
public interface SpecParts {
  /** The tensors, and which of them are only averaged. */
  TensorLayout layout();

  /** The rule of aggregation. */
  Aggregator aggregator();

  /** The hyper-parameters. */
  Optimizer optimizer();

  /** The largest norm and weight of an update, or null for any. */
  @Nullable UpdateBound updateBound();

  /** When a round ends. */
  RoundPolicy round();

  /** By what the best version is known, or null where none is chosen. */
  @Nullable KeepBest keepBest();

  /** How updates are hidden, or null where they come in the clear. */
  @Nullable SecureAggregation secure();

  /** The number of values of the flat vector. */
  long parameters();

  /** Whether something is done to the sums of updates before they are seen. */
  boolean isProtected();

  /** Whether clients add noise to what they send. */
  boolean hasMemberNoise();
}
