package io.fedstep.aggregate;

import java.util.List;

/** The rules that a model can ask for. */
public final class KnownAggregators {
  /** Each with its defaults. */
  public static final List<Aggregator> ALL =
      List.of(
          new Averaging(true),
          new GradientMaskedAveraging(1, true),
          new Median(),
          new TrimmedMean(0.2),
          new Krum(null),
          new MultiKrum(null),
          new Bulyan(null),
          new GeometricMedian(8, 1e-6));

  private KnownAggregators() {}
}
