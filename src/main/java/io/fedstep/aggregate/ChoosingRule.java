package io.fedstep.aggregate;

import io.fedstep.plugin.Setting;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A rule that chooses whole updates by their distances to each other, whatever their weights. Of
 * fewer than three updates none is nearer to the others than another: they are averaged.
 */
interface ChoosingRule extends Aggregator {
  /** The key of {@link #byzantine}. */
  String BYZANTINE = "byzantine";

  /** The number of hostile updates to expect, or null for the most that the rule tolerates. */
  @Nullable Integer byzantine();

  /** How many updates the rule needs for each hostile one, beside three. */
  int updatesPerHostile();

  /**
   * The rule for at least three updates.
   *
   * @param counted what each of them counts
   */
  Supplier<Aggregation> choose(double[] counted, Distances distances, int byzantine);

  /** What updates of those weights count. */
  default double[] counted(double[] weights) {
    return Averaging.ones(weights.length);
  }

  @Override
  default List<Setting> config() {
    return List.of(new Setting(BYZANTINE, byzantine()));
  }

  @Override
  default int leastUpdates() {
    Integer byzantine = byzantine();
    return byzantine == null ? 1 : updatesPerHostile() * byzantine + 3;
  }

  @Override
  default int mostUpdates() {
    return Distances.MOST_UPDATES;
  }

  @Override
  default boolean comparesAll(int updates) {
    return updates >= 3;
  }

  @Override
  default Supplier<Aggregation> begin(double[] weights, Distances distances) {
    int updates = weights.length;
    double[] counted = counted(weights);
    if (!comparesAll(updates)) {
      return () -> new SelectedMean(IntStream.range(0, updates).toArray(), counted);
    }
    Integer given = byzantine();
    return choose(counted, distances, given != null ? given : (updates - 3) / updatesPerHostile());
  }

  /** Checks a number of hostile updates that somebody expects. */
  static void check(@Nullable Integer byzantine) {
    if (byzantine != null && (byzantine < 0 || byzantine > Distances.MOST_UPDATES)) {
      throw new IllegalArgumentException(
          "byzantine is %s; null or 0 to %s is needed"
              .formatted(byzantine, Distances.MOST_UPDATES));
    }
  }
}
