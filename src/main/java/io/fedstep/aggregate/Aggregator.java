package io.fedstep.aggregate;

import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns the updates of a round into one gradient, over whatever slice of the coordinates it is
 * handed: a record of hyper-parameters that is in the list of {@link KnownAggregators}. The result
 * depends on the updates alone.
 */
public interface Aggregator {
  /** The name in a spec; declearn's where it has the rule. */
  String name();

  /** The hyper-parameters by key, in order: flags, integers, doubles and nulls. */
  Map<String, @Nullable Object> config();

  /** The same rule with other hyper-parameters; what is not given stays as it is here. */
  Aggregator with(Config config);

  /** The fewest updates that it makes sense of. */
  default int leastUpdates() {
    return 1;
  }

  /** The most updates that it can take. */
  default int mostUpdates() {
    return Integer.MAX_VALUE;
  }

  /** Whether it has to know the distances between so many updates. */
  default boolean comparesAll(int updates) {
    return false;
  }

  /**
   * The rule with the weights of a round; each thread gets one.
   *
   * @param weights one for each update, finite and above 0
   * @param distances between the updates, where {@link #comparesAll}
   */
  Supplier<Aggregation> begin(double[] weights, Distances distances);
}
