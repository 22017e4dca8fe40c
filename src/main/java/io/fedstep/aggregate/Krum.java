package io.fedstep.aggregate;

import io.fedstep.plugin.Settings;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one update with the lowest of {@link KrumScores}, as it is: the sum of the squared distances
 * to the {@code n - byzantine - 2} nearest others (P. Blanchard et al., Machine Learning with
 * Adversaries: Byzantine Tolerant Gradient Descent, 2017). The breakdown point is {@code byzantine
 * / n}, just below 1/2.
 *
 * @param byzantine hostile updates to expect, or null for the most that the rule tolerates,
 *     ⌊(n-3)/2⌋
 */
public record Krum(@Nullable Integer byzantine) implements ChoosingRule {
  /** Checks the range. */
  public Krum {
    ChoosingRule.check(byzantine);
  }

  @Override
  public String name() {
    return "krum";
  }

  @Override
  public Krum with(Settings settings) {
    return new Krum(settings.countOrNull(BYZANTINE));
  }

  @Override
  public int updatesPerHostile() {
    return 2;
  }

  @Override
  public Supplier<Aggregation> choose(double[] counted, Distances distances, int byzantine) {
    int[] best = new KrumScores(distances, byzantine).best(1);
    return () -> new SelectedMean(best);
  }
}
