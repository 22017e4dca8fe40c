package io.fedstep.model;

import io.fedstep.secure.BodyForm;
import io.fedstep.secure.FractionBits;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Clients mask what they send, and only the sum of a whole round can be opened.
 *
 * @param threshold of the members, in [0.5, 1): more have to go all the way
 * @param values how they become words; null where members add noise, on the grid of that
 * @param joinTimeout the time between deadlines of joining
 * @param shareTimeout how long members may share
 * @param unmaskTimeout how long members may answer
 * @param isPinned whether members sign their keys
 */
public record SecureAggregation(
    double threshold,
    @Nullable MaskedValues values,
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

  private static final Duration LONGEST = Duration.ofDays(365);

  /** Checks the ranges. */
  public SecureAggregation {
    if (!(threshold >= 0.5 && threshold < 1)) {
      throw new IllegalArgumentException(
          "threshold is %s; 0.5 <= threshold < 1 is needed".formatted(threshold));
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

  /** Bits of a coordinate's word. */
  public int bits() {
    return values == null ? Long.SIZE : values.bits();
  }

  /** The largest weight. */
  public long maxWeight() {
    return values == null ? 1 : values.maxWeight();
  }

  /** The names of the metrics that every update has. */
  public List<String> metrics() {
    return values == null ? List.of() : values.metrics();
  }

  /** How many bits behind the point the words of a round have. */
  public int fractionBits(int maxUpdates) {
    return values == null ? 0 : values.fractionBits(maxUpdates);
  }

  /** How many of so many members have to go all the way. */
  public int threshold(int members) {
    return FractionBits.threshold(members, threshold);
  }

  /** The places of a member's words. */
  public BodyForm form(long parameters) {
    return new BodyForm(parameters, bits(), metrics().size());
  }
}
