package io.fedstep.model;

import io.fedstep.secure.FractionBits;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How members of a secure round make words of values on a grid of powers of two.
 *
 * @param clip the largest absolute value of a coordinate, in [2^-20, 2^20]
 * @param bits of a coordinate's word, 32 or 64
 * @param maxWeight the largest weight, 1 to 2^24
 * @param metrics the names of those that every update has, at most 32
 */
public record MaskedValues(double clip, int bits, long maxWeight, List<String> metrics) {
  private static final double MOST_CLIP = 0x1p20;
  private static final double LEAST_CLIP = 0x1p-20;
  private static final long MOST_WEIGHT = 1 << 24;
  private static final int MOST_METRICS = 32;
  private static final Pattern METRIC = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,63}");

  /** Checks the ranges. */
  public MaskedValues {
    if (!(clip >= LEAST_CLIP && clip <= MOST_CLIP)) {
      throw new IllegalArgumentException(
          "clip is %s; 2^-20 <= clip <= 2^20 is needed".formatted(clip));
    }
    if (bits != Integer.SIZE && bits != Long.SIZE) {
      throw new IllegalArgumentException("bits is %s; 32 and 64 are known".formatted(bits));
    }
    if (maxWeight < 1 || maxWeight > MOST_WEIGHT) {
      throw new IllegalArgumentException(
          "max_weight is %s; 1 to %s are allowed".formatted(maxWeight, MOST_WEIGHT));
    }
    metrics = List.copyOf(metrics);
    if (metrics.size() > MOST_METRICS) {
      throw new IllegalArgumentException(
          "metrics has %s names; at most %s are possible".formatted(metrics.size(), MOST_METRICS));
    }
    for (String metric : metrics) {
      if (!METRIC.matcher(metric).matches()) {
        throw new IllegalArgumentException(
            "metrics has '%s', which does not match %s".formatted(metric, METRIC));
      }
    }
    if (new HashSet<>(metrics).size() < metrics.size()) {
      throw new IllegalArgumentException("metrics has a name twice");
    }
  }

  /** The largest weight of a spec that gives none. */
  public static long maxWeight(int bits, boolean isWeighted) {
    return bits == Integer.SIZE || !isWeighted ? 1 : 1 << 20;
  }

  /** How many bits behind the point the words of a round have. */
  int fractionBits(int maxUpdates) {
    return FractionBits.of(maxUpdates, maxWeight, clip, bits);
  }
}
