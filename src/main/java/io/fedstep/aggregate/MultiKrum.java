package io.fedstep.aggregate;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The mean of the {@code n - byzantine} updates with the lowest of {@link KrumScores}, rounded once
 * (P. Blanchard et al., Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent,
 * 2017). The breakdown point is {@code byzantine / n}, just below 1/2.
 *
 * @param byzantine hostile updates to expect, or null for the most that the rule tolerates,
 *     ⌊(n-3)/2⌋
 */
public record MultiKrum(@Nullable Integer byzantine) implements ChoosingRule {
  /** Checks the range. */
  public MultiKrum {
    ChoosingRule.check(byzantine);
  }

  @Override
  public String name() {
    return "multi-krum";
  }

  @Override
  public MultiKrum with(Config config) {
    return new MultiKrum(config.countOrNull(BYZANTINE));
  }

  @Override
  public int updatesPerHostile() {
    return 2;
  }

  @Override
  public Supplier<Aggregation> choose(Distances distances, int byzantine) {
    int[] best = new KrumScores(distances, byzantine).best(distances.count() - byzantine);
    return () -> new SelectedMean(best);
  }
}
