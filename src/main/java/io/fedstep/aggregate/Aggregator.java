package io.fedstep.aggregate;

import io.fedstep.plugin.Need;
import io.fedstep.plugin.Plugin;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Turns the updates of a round into one gradient, over whatever slice of the coordinates it is
 * handed: a record of hyper-parameters that is in the list of {@link KnownAggregators}. The result
 * depends on the updates alone.
 */
public interface Aggregator extends Plugin<Aggregator> {
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

  @Override
  default Set<Need> needs() {
    return comparesAll(mostUpdates()) ? Set.of(Need.COUNTS, Need.DISTANCES) : Set.of(Need.COUNTS);
  }

  /**
   * The rule with the weights of a round; each thread gets one.
   *
   * @param weights one for each update, finite and above 0
   * @param distances between the updates, where {@link #comparesAll}
   */
  Supplier<Aggregation> begin(double[] weights, Distances distances);
}
