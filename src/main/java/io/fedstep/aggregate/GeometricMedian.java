package io.fedstep.aggregate;

import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The point with the least weighted sum of distances to the updates, by the smoothed Weiszfeld
 * iteration from the weighted mean (K. Pillutla, S. M. Kakade, Z. Harchaoui, Robust Aggregation for
 * Federated Learning, 2022): {@code z = sum(b * x) / sum(b)} with {@code b = w / max(smoothing, |x
 * - z|)}. The breakdown point is 1/2 of the total weight, in the limit of many iterations; each
 * takes the weight of a far update down by about a factor of n.
 *
 * <p>Every {@code z} is a convex combination of the updates, whose shares l give its distances from
 * those between the updates: {@code |x_i - z|^2 = sum_j(l_j * D_ij) - sum_jk(l_j * l_k * D_jk) /
 * 2}. So the iteration sees no coordinate, and the last z alone is computed, as a correctly rounded
 * mean. What cancels in the difference is not known better than to {@link #RESOLUTION}: a distance
 * below that counts as that, so that no update wins by a rounding.
 *
 * @param iterations at least 1
 * @param smoothing distance below which all are equal, above 0
 */
public record GeometricMedian(int iterations, double smoothing) implements Aggregator {
  private static final int MOST_ITERATIONS = 10_000;

  /** Of the terms of the difference and their sums, for each update. */
  private static final double RESOLUTION = 2 * WeightedMean.U;

  /** Checks the ranges. */
  public GeometricMedian {
    if (iterations < 1 || iterations > MOST_ITERATIONS) {
      throw new IllegalArgumentException(
          "iterations is %s; 1 to %s are allowed".formatted(iterations, MOST_ITERATIONS));
    }
    if (!(smoothing > 0 && Double.isFinite(smoothing))) {
      throw new IllegalArgumentException(
          "smoothing is %s; a finite smoothing > 0 is needed".formatted(smoothing));
    }
  }

  @Override
  public String name() {
    return "geometric-median";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("iterations", iterations), new Setting("smoothing", smoothing));
  }

  @Override
  public GeometricMedian with(Settings settings) {
    return new GeometricMedian(
        settings.count("iterations", iterations), settings.number("smoothing", smoothing));
  }

  @Override
  public int mostUpdates() {
    return Distances.MOST_UPDATES;
  }

  @Override
  public boolean comparesAll(int updates) {
    return updates >= 2;
  }

  @Override
  public Supplier<Aggregation> begin(double[] weights, Distances distances) {
    double[] shares = comparesAll(weights.length) ? shares(weights, distances) : weights;
    int[] used = IntStream.range(0, shares.length).filter(row -> shares[row] > 0).toArray();
    double[] ofUsed = Arrays.stream(used).mapToDouble(row -> shares[row]).toArray();
    return () -> new SelectedMean(used, ofUsed);
  }

  /** The share of each update in the point; the sum is about 1. */
  double[] shares(double[] weights, Distances distances) {
    double[] shares = normalized(weights);
    for (int i = 0; i < iterations; i++) {
      double[] far = distances(shares, distances);
      for (int row = 0; row < far.length; row++) {
        far[row] = weights[row] / Math.max(smoothing, far[row]);
      }
      shares = normalized(far);
    }
    return shares;
  }

  private static double[] normalized(double[] weights) {
    double largest = Arrays.stream(weights).max().orElse(1);
    double[] shares = Arrays.stream(weights).map(weight -> weight / largest).toArray();
    double total = Arrays.stream(shares).sum();
    return Arrays.stream(shares).map(share -> share / total).toArray();
  }

  /** How far each update is from the point with those shares. */
  private static double[] distances(double[] shares, Distances distances) {
    int count = shares.length;
    double[] toAll = new double[count];
    double spread = 0;
    for (int row = 0; row < count; row++) {
      for (int other = 0; other < count; other++) {
        toAll[row] += shares[other] * distances.square(row, other);
      }
      spread += shares[row] * toAll[row] / 2;
    }
    double[] far = new double[count];
    for (int row = 0; row < count; row++) {
      double unknown = RESOLUTION * count * (toAll[row] + spread);
      far[row] = Math.sqrt(Math.max(toAll[row] - spread, unknown));
    }
    return far;
  }
}
