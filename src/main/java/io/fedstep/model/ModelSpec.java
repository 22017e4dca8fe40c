package io.fedstep.model;

import static java.util.stream.Collectors.joining;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Averaging;
import io.fedstep.optim.Optimizer;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import org.jspecify.annotations.Nullable;

/**
 * Everything that was asked for when a model was created, defaults filled in.
 *
 * @param updateBound the largest norm of an update, or null for any
 */
public record ModelSpec(
    TensorLayout layout,
    Dtype dtype,
    Optimizer optimizer,
    Aggregator aggregator,
    @Nullable UpdateBound updateBound,
    RoundPolicy round) {
  /** What a model gets that names no aggregator: the mean, by the updates' weights. */
  public static final Aggregator DEFAULT_AGGREGATOR = new Averaging(true);

  /** Checks that rounds have as many updates as the aggregator can work with. */
  public ModelSpec {
    int least = aggregator.leastUpdates();
    int most = aggregator.mostUpdates();
    if (round.minUpdates() < least) {
      throw new IllegalArgumentException(
          "min_updates is %s; the aggregator %s %s needs at least %s"
              .formatted(
                  round.minUpdates(),
                  aggregator.name(),
                  aggregator.config().stream()
                      .map(setting -> setting.key() + "=" + setting.value())
                      .collect(joining(", ", "{", "}")),
                  least));
    }
    if (round.maxUpdates() > most) {
      throw new IllegalArgumentException(
          "max_updates is %s; the aggregator %s compares at most %s"
              .formatted(round.maxUpdates(), aggregator.name(), most));
    }
  }

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
    return new ModelSpec(layout, dtype, optimizer, aggregator, updateBound, policy);
  }

  /** This spec with other hyper-parameters. */
  public ModelSpec with(Optimizer other) {
    return new ModelSpec(layout, dtype, other, aggregator, updateBound, round);
  }
}
