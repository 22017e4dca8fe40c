package io.fedstep.model;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.List;

/**
 * Buffered asynchronous rounds: updates computed from older versions count as well, the less the
 * older (FedBuff: Nguyen et al., Federated Learning with Buffered Asynchronous Aggregation, 2022).
 *
 * @param maxStaleness how many versions an update may be behind, 0 to 1000
 * @param exponent of the discount, finite and at least 0
 */
public record Buffered(long maxStaleness, double exponent) implements RoundMode {
  /** The defaults: 10 versions, and an exponent of 0.5. */
  public static final Buffered DEFAULT = new Buffered(10, 0.5);

  private static final long MOST_STALENESS = 1000;

  /** Checks the ranges. */
  public Buffered {
    if (maxStaleness < 0 || maxStaleness > MOST_STALENESS) {
      throw new IllegalArgumentException(
          "max_staleness is %s; 0 to %s are allowed".formatted(maxStaleness, MOST_STALENESS));
    }
    if (!(exponent >= 0 && Double.isFinite(exponent))) {
      throw new IllegalArgumentException(
          "staleness_exponent is %s; a finite exponent >= 0 is needed".formatted(exponent));
    }
  }

  @Override
  public String name() {
    return "buffered";
  }

  @Override
  public List<Setting> config() {
    return List.of(
        new Setting("max_staleness", maxStaleness), new Setting("staleness_exponent", exponent));
  }

  @Override
  public Buffered with(Settings settings) {
    return new Buffered(
        settings.integer("max_staleness", maxStaleness),
        settings.number("staleness_exponent", exponent));
  }

  /** {@code weight * (1 + staleness)^-exponent}, above 0. */
  @Override
  public double effectiveWeight(double weight, long staleness) {
    return Math.max(Double.MIN_VALUE, weight * Math.pow((double) (1 + staleness), -exponent));
  }

  @Override
  public boolean isBuffer() {
    return true;
  }
}
