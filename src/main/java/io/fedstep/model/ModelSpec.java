package io.fedstep.model;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Averaging;
import io.fedstep.optim.Optimizer;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;

/** Everything that was asked for when a model was created, defaults filled in. */
public record ModelSpec(
    TensorLayout layout,
    Dtype dtype,
    Optimizer optimizer,
    Aggregator aggregator,
    RoundPolicy round) {
  /** What a model gets that names no aggregator: the mean, by the updates' weights. */
  public static final Aggregator DEFAULT_AGGREGATOR = new Averaging(true);

  /** The number of values of the flat vector. */
  public long parameters() {
    return layout.size();
  }

  /** The bytes of the flat vector. */
  public long vectorBytes() {
    return parameters() * dtype.bytes();
  }

  /** This spec with another round policy. */
  public ModelSpec with(RoundPolicy policy) {
    return new ModelSpec(layout, dtype, optimizer, aggregator, policy);
  }

  /** This spec with other hyper-parameters. */
  public ModelSpec with(Optimizer other) {
    return new ModelSpec(layout, dtype, other, aggregator, round);
  }
}
