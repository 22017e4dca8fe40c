package io.fedstep.aggregate;

import io.fedstep.plugin.Settings;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Bulyan over Krum (E. M. El Mhamdi et al., The Hidden Vulnerability of Distributed Learning in
 * Byzantium, 2018): {@code theta = n - 2 * byzantine} updates are chosen one after the other, each
 * time the best by {@link KrumScores} among those left; of their values in each coordinate, the
 * mean of the {@code theta - 2 * byzantine} nearest to the median, rounded once. The breakdown
 * point is {@code byzantine / n}, just below 1/4.
 *
 * @param byzantine hostile updates to expect, or null for the most that the rule tolerates,
 *     ⌊(n-3)/4⌋
 */
public record Bulyan(@Nullable Integer byzantine) implements ChoosingRule {
  /** Checks the range. */
  public Bulyan {
    ChoosingRule.check(byzantine);
  }

  @Override
  public String name() {
    return "bulyan";
  }

  @Override
  public Bulyan with(Settings settings) {
    return new Bulyan(settings.countOrNull(BYZANTINE));
  }

  @Override
  public int updatesPerHostile() {
    return 4;
  }

  @Override
  public Supplier<Aggregation> choose(double[] counted, Distances distances, int byzantine) {
    int[] chosen =
        new KrumScores(distances, byzantine).bestOneByOne(distances.count() - 2 * byzantine);
    return () -> new NearestMean(chosen, chosen.length - 2 * byzantine);
  }
}
