package io.fedstep.model;

import io.fedstep.secure.BodyForm;
import io.fedstep.secure.FractionBits;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Clients mask what they send, and only the sum of a whole round can be opened.
 *
 * @param threshold of the members, in [0.5, 1): more have to go all the way
 * @param clip the largest absolute value of a coordinate, in [2^-20, 2^20]
 * @param bits of a coordinate's word, 32 or 64
 * @param maxWeight the largest weight, 1 to 2^24
 * @param metrics the names of those that every update has, at most 32
 * @param joinTimeout the time between deadlines of joining
 * @param shareTimeout how long members may share
 * @param unmaskTimeout how long members may answer
 * @param isPinned whether members sign their keys
 */
public record SecureAggregation(
    double threshold,
    double clip,
    int bits,
    long maxWeight,
    List<String> metrics,
    Duration joinTimeout,
    Duration shareTimeout,
    Duration unmaskTimeout,
    boolean isPinned) {
  /** The key of a spec that asks for it. */
  public static final String NAME = "secure";

  /** The most members of a round. */
  static final int MOST_MEMBERS = 255;

  /** The fewest members of a round. */
  static final int FEWEST_MEMBERS = 3;

  private static final double MOST_CLIP = 0x1p20;
  private static final double LEAST_CLIP = 0x1p-20;
  private static final long MOST_WEIGHT = 1 << 24;
  private static final int MOST_METRICS = 32;
  private static final Duration LONGEST = Duration.ofDays(365);
  private static final Pattern METRIC = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,63}");

  /** Checks the ranges. */
  public SecureAggregation {
    if (!(threshold >= 0.5 && threshold < 1)) {
      throw new IllegalArgumentException(
          "threshold is %s; 0.5 <= threshold < 1 is needed".formatted(threshold));
    }
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
    check("join_timeout", joinTimeout);
    check("share_timeout", shareTimeout);
    check("unmask_timeout", unmaskTimeout);
  }

  private static void check(String key, Duration time) {
    if (time.toMillis() < 1 || time.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(key + " is out of range; 1ms to 365 days are allowed");
    }
  }

  /** The largest weight of a spec that gives none. */
  public static long maxWeight(int bits, boolean isWeighted) {
    return bits == Integer.SIZE || !isWeighted ? 1 : 1 << 20;
  }

  /** How many bits behind the point the words of a round have. */
  public int fractionBits(int maxUpdates) {
    return FractionBits.of(maxUpdates, maxWeight, clip, bits);
  }

  /** How many of so many members have to go all the way. */
  public int threshold(int members) {
    return FractionBits.threshold(members, threshold);
  }

  /** The places of a member's words. */
  public BodyForm form(long parameters) {
    return new BodyForm(parameters, bits, metrics.size());
  }
}
