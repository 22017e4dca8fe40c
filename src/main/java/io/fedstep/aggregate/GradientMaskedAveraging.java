package io.fedstep.aggregate;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The weighted mean, scaled down where updates disagree about the sign: {@code out = score * mean},
 * with {@code agreement = |sum(w * sign(x)) / sum(w)|} and {@code score = 1} where that is above
 * the threshold, the agreement itself elsewhere (I. Tenison et al., Gradient Masked Averaging for
 * Federated Learning, 2022; as declearn computes it). Mean and agreement are each rounded once to
 * the dtype, in which the agreement is compared and multiplied. The breakdown point is 0.
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
  public Map<String, @Nullable Object> config() {
    var config = new LinkedHashMap<String, @Nullable Object>();
    config.put("threshold", threshold);
    config.put(Averaging.STEPS_WEIGHTED, stepsWeighted);
    return config;
  }

  @Override
  public GradientMaskedAveraging with(Config config) {
    return new GradientMaskedAveraging(
        config.number("threshold", threshold),
        config.flag(Averaging.STEPS_WEIGHTED, stepsWeighted));
  }

  @Override
  public Supplier<Aggregation> begin(double[] weights, Distances distances) {
    double[] used = stepsWeighted ? weights.clone() : Averaging.ones(weights.length);
    return () -> new Masked(new WeightedMean(used), new WeightedMean(used));
  }

  private final class Masked implements Aggregation {
    private final WeightedMean mean;
    private final WeightedMean meanSign;
    private @Nullable Tile agreement;

    Masked(WeightedMean mean, WeightedMean meanSign) {
      this.mean = mean;
      this.meanSign = meanSign;
    }

    @Override
    public void aggregate(Rows rows, Tile into) {
      if (agreement == null || agreement.length() < into.length()) {
        agreement = Tile.zeros(into.dtype(), into.length());
      }
      Tile part = agreement.first(into.length());
      mean.aggregate(rows, into);
      meanSign.aggregate(new Signs(rows), part);
      switch (into) {
        case FloatTile tile -> mask(tile.values(), ((FloatTile) part).values(), tile.length());
        case DoubleTile tile -> mask(tile.values(), ((DoubleTile) part).values(), tile.length());
      }
    }

    private void mask(float[] means, float[] signs, int length) {
      float limit = (float) threshold;
      for (int i = 0; i < length; i++) {
        float share = Math.abs(signs[i]);
        means[i] *= share > limit ? 1 : share;
      }
    }

    private void mask(double[] means, double[] signs, int length) {
      for (int i = 0; i < length; i++) {
        double share = Math.abs(signs[i]);
        means[i] *= share > threshold ? 1 : share;
      }
    }
  }

  /** The signs of rows: -1, 1, or the zero itself. */
  private static final class Signs extends MappedRows {
    Signs(Rows rows) {
      super(rows);
    }

    @Override
    double map(int row, double value) {
      return Math.signum(value);
    }

    @Override
    void map(int row, Tile values) {
      switch (values) {
        case FloatTile tile -> signs(tile.values(), tile.length());
        case DoubleTile tile -> signs(tile.values(), tile.length());
      }
    }

    private static void signs(float[] values, int length) {
      for (int i = 0; i < length; i++) {
        values[i] = Math.signum(values[i]);
      }
    }

    private static void signs(double[] values, int length) {
      for (int i = 0; i < length; i++) {
        values[i] = Math.signum(values[i]);
      }
    }
  }
}
