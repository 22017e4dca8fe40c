package io.fedstep.aggregate;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The mean of the {@code keep} updates with the lowest of {@link KrumScores}, rounded once (P.
 * Blanchard et al., Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent, 2017).
 * The breakdown point is {@code byzantine / n}, just below 1/2.
 *
 * @param byzantine hostile updates to expect, or null for the most that the rule tolerates,
 *     ⌊(n-3)/2⌋
 * @param keep how many updates are averaged, or null for {@code n - byzantine}
 * @param stepsWeighted whether those count by their weights, or all the same
 */
public record MultiKrum(@Nullable Integer byzantine, @Nullable Integer keep, boolean stepsWeighted)
    implements ChoosingRule {
  private static final String KEEP = "keep";

  /** The rule as its authors have it. */
  public MultiKrum(@Nullable Integer byzantine) {
    this(byzantine, null, false);
  }

  /** Checks the range. */
  public MultiKrum {
    ChoosingRule.check(byzantine);
    if (keep != null && (keep < 1 || keep > Distances.MOST_UPDATES)) {
      throw new IllegalArgumentException(
          "keep is %s; null or 1 to %s is needed".formatted(keep, Distances.MOST_UPDATES));
    }
  }

  @Override
  public String name() {
    return "multi-krum";
  }

  @Override
  public MultiKrum with(Settings settings) {
    return new MultiKrum(
        settings.countOrNull(BYZANTINE),
        settings.countOrNull(KEEP),
        settings.flag(Averaging.STEPS_WEIGHTED, stepsWeighted));
  }

  @Override
  public List<Setting> config() {
    return List.of(
        new Setting(BYZANTINE, byzantine),
        new Setting(KEEP, keep),
        new Setting(Averaging.STEPS_WEIGHTED, stepsWeighted));
  }

  /** So many that, whatever is hostile, enough are left to be kept. */
  @Override
  public int leastUpdates() {
    int least = ChoosingRule.super.leastUpdates();
    if (keep == null) {
      return least;
    }
    return byzantine == null ? Math.max(keep, 2 * keep - 4) : Math.max(least, byzantine + keep);
  }

  @Override
  public double[] counted(double[] weights) {
    return stepsWeighted ? weights.clone() : ChoosingRule.super.counted(weights);
  }

  @Override
  public int updatesPerHostile() {
    return 2;
  }

  @Override
  public Supplier<Aggregation> choose(double[] counted, Distances distances, int byzantine) {
    int count = keep == null ? distances.count() - byzantine : keep;
    int[] best = new KrumScores(distances, byzantine).best(count);
    double[] weights = IntStream.of(best).mapToDouble(row -> counted[row]).toArray();
    return () -> new SelectedMean(best, weights);
  }
}
