package io.fedstep.aggregate;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The weighted mean, scaled down where updates disagree about the sign: {@code out = score * mean},
 * with {@code agreement = |sum(w * sign(x)) / sum(w)|} and {@code score = 1} where that is above
 * the threshold, the agreement itself elsewhere (I. Tenison et al., Gradient Masked Averaging for
 * Federated Learning, 2022; as declearn computes it). The agreement is compared and multiplied in
 * the dtype. The breakdown point is 0.
 *
 * @param threshold agreement above which a mean is kept as it is, in [0, 1]
 * @param stepsWeighted whether updates count by their weights, or all the same
 */
public record GradientMaskedAveraging(double threshold, boolean stepsWeighted)
    implements Aggregator {
  /** Checks the ranges. */
  public GradientMaskedAveraging {
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new IllegalArgumentException(
          "threshold is %s; 0 <= threshold <= 1 is needed".formatted(threshold));
    }
  }

  @Override
  public String name() {
    return "gradient-masked-averaging";
  }

  @Override
  public List<Setting> config() {
    return List.of(
        new Setting("threshold", threshold), new Setting(Averaging.STEPS_WEIGHTED, stepsWeighted));
  }

  @Override
  public GradientMaskedAveraging with(Settings settings) {
    return new GradientMaskedAveraging(
        settings.number("threshold", threshold),
        settings.flag(Averaging.STEPS_WEIGHTED, stepsWeighted));
  }

  @Override
  public Supplier<Aggregation> begin(double[] weights, Distances distances) {
    double[] used = stepsWeighted ? weights.clone() : Averaging.ones(weights.length);
    return () -> new Masked(used);
  }

  private final class Masked implements Aggregation {
    private final double[] weights;
    private final WeightedMean mean;
    private @Nullable SignMean signs;

    Masked(double[] weights) {
      this.weights = weights;
      mean = new WeightedMean(weights);
    }

    @Override
    public void aggregate(Rows rows, Tile into) {
      mean.aggregate(rows, into);
      if (signs == null || signs.most() < into.length()) {
        signs = new SignMean(weights, into);
      }
      double[] direction = signs.of(rows, into.length());
      into.run(
          (means, length) -> mask(means, direction, length),
          (means, length) -> mask(means, direction, length));
    }

    private void mask(float[] means, double[] direction, int length) {
      float limit = (float) threshold;
      for (int i = 0; i < length; i++) {
        float agreement = (float) Math.abs(direction[i]);
        means[i] *= agreement > limit ? 1 : agreement;
      }
    }

    private void mask(double[] means, double[] direction, int length) {
      for (int i = 0; i < length; i++) {
        double agreement = Math.abs(direction[i]);
        means[i] *= agreement > threshold ? 1 : agreement;
      }
    }
  }
}
