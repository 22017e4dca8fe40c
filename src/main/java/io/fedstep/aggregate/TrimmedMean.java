package io.fedstep.aggregate;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.math.BigDecimal;
import java.util.List;
import java.util.function.Supplier;

/**
 * The mean of each coordinate's values without the {@code floor(trim * n)} smallest and as many
 * largest, rounded once; weights do not count (D. Yin et al., Byzantine-Robust Distributed
 * Learning: Towards Optimal Statistical Rates, 2018). The breakdown point is {@code trim}.
 *
 * @param trim share that is cut at each end, in [0, 0.5); the product is that of the decimal number
 */
public record TrimmedMean(double trim) implements Aggregator {
  /** Checks the range. */
  public TrimmedMean {
    if (!(trim >= 0 && trim < 0.5)) {
      throw new IllegalArgumentException("trim is %s; 0 <= trim < 0.5 is needed".formatted(trim));
    }
  }

  @Override
  public String name() {
    return "trimmed-mean";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("trim", trim));
  }

  @Override
  public TrimmedMean with(Settings settings) {
    return new TrimmedMean(settings.number("trim", trim));
  }

  @Override
  public Supplier<Aggregation> begin(double[] weights, Distances distances) {
    int updates = weights.length;
    // in double, 0.29 * 100 is less than 29
    int cut = BigDecimal.valueOf(trim).multiply(BigDecimal.valueOf(updates)).intValue();
    return () -> new MiddleMean(updates, cut);
  }
}
