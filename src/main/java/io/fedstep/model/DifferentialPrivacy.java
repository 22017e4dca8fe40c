package io.fedstep.model;

import io.fedstep.plugin.Need;
import io.fedstep.plugin.Ranges;
import io.fedstep.privacy.Accountant;
import io.fedstep.privacy.AdaptiveClip;
import io.fedstep.privacy.Calibration;
import io.fedstep.privacy.Grid;
import io.fedstep.privacy.Noise;
import io.fedstep.secure.MemberNoise;
import io.fedstep.vector.FixedPoint;
import io.fedstep.vector.Range;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Updates are cut to a norm, and exact noise is added to their sum, so that nobody who sees what
 * follows learns much about one client.
 *
 * @param clipNorm the L2 norm to which updates are cut
 * @param noiseMultiplier the noise's standard deviation, in units of what one client changes
 * @param epsilon the budget, or null to count without an end
 * @param delta how likely the promise may fail, in (0, 0.1)
 * @param expectedUpdates what sums are divided by where clients are drawn by chance, otherwise null
 * @param adaptiveClip how that norm moves from round to round, or null where it stays
 * @param collusion where clients add the noise: how many of them may tell the server theirs; null
 *     where the server adds it
 */
public record DifferentialPrivacy(
    double clipNorm,
    double noiseMultiplier,
    @Nullable Double epsilon,
    double delta,
    @Nullable Integer expectedUpdates,
    @Nullable AdaptiveClip adaptiveClip,
    @Nullable Integer collusion)
    implements Protection {
  /** The key of a spec that asks for it. */
  public static final String NAME = "privacy";

  private static final double LEAST_CLIP = 1e-30;
  private static final double MOST_CLIP = 1e30;
  private static final double MOST_DELTA = 0.1;

  /** The largest norm whose square is finite: sums of squares that overflow are beyond. */
  private static final double MOST_NORM = Math.sqrt(Double.MAX_VALUE);

  /** Checks the ranges. */
  public DifferentialPrivacy {
    if (!(clipNorm >= LEAST_CLIP && clipNorm <= MOST_CLIP)) {
      throw new IllegalArgumentException(
          "clip_norm is %s; %s <= clip_norm <= %s is needed"
              .formatted(clipNorm, LEAST_CLIP, MOST_CLIP));
    }
    if (!(noiseMultiplier >= Calibration.LEAST && Double.isFinite(noiseMultiplier))) {
      throw new IllegalArgumentException(
          "noise_multiplier is %s; a finite noise_multiplier >= %s is needed"
              .formatted(noiseMultiplier, Calibration.LEAST));
    }
    if (epsilon != null) {
      Ranges.above("epsilon", epsilon);
    }
    if (!(delta > 0 && delta < MOST_DELTA)) {
      throw new IllegalArgumentException(
          "delta is %s; 0 < delta < %s is needed".formatted(delta, MOST_DELTA));
    }
    if (expectedUpdates != null
        && (expectedUpdates < 1 || expectedUpdates > RoundPolicy.MOST_UPDATES)) {
      throw new IllegalArgumentException(
          "expected_updates is %s; 1 to %s are allowed"
              .formatted(expectedUpdates, RoundPolicy.MOST_UPDATES));
    }
    if (collusion != null && collusion < 0) {
      throw new IllegalArgumentException(
          "collusion is %s; 0 or more is needed".formatted(collusion));
    }
  }

  /** One with noise by the server, whose clip norm stays. */
  public DifferentialPrivacy(
      double clipNorm,
      double noiseMultiplier,
      @Nullable Double epsilon,
      double delta,
      @Nullable Integer expectedUpdates) {
    this(clipNorm, noiseMultiplier, epsilon, delta, expectedUpdates, null, null);
  }

  /** The same in a round that cuts to another norm. */
  public DifferentialPrivacy cutting(double clip) {
    return new DifferentialPrivacy(
        clip, noiseMultiplier, epsilon, delta, expectedUpdates, adaptiveClip, collusion);
  }

  /**
   * The clip norm of the round after one that cut to this one's.
   *
   * @param size how many coordinates an update has
   * @param norms the L2 norm of each of its updates
   * @param key of its close
   */
  public double nextClip(long size, double[] norms, byte[] key) {
    if (adaptiveClip == null) {
      return clipNorm;
    }
    double divisor = divisor(norms);
    long uncut = Arrays.stream(norms).filter(norm -> norm <= clipNorm).count();
    long sum = AdaptiveClip.height(divisor) * (2 * uncut - norms.length);
    double share = AdaptiveClip.share(sum + new Noise(key).at(size), divisor);
    return Math.clamp(adaptiveClip.next(clipNorm, share), LEAST_CLIP, MOST_CLIP);
  }

  private double divisor(double[] norms) {
    return expectedUpdates == null ? norms.length : expectedUpdates;
  }

  /** Counts what rounds of a policy cost. */
  public Accountant accountant(RoundPolicy policy) {
    return new Accountant(noiseMultiplier, share(policy.participation()), delta);
  }

  /**
   * The share of clients that counts as drawn by chance: all of them, where the roster is public.
   */
  public double share(double participation) {
    return isByClients() ? 1 : participation;
  }

  /** Whether each client adds noise of its own. */
  public boolean isByClients() {
    return collusion != null;
  }

  /** What members know of the noise that they add. */
  public MemberNoise ofMembers() {
    return new MemberNoise(noiseMultiplier, Objects.requireNonNull(collusion));
  }

  /** The grid of updates with so many coordinates. */
  public Grid grid(long size) {
    return new Grid(noiseMultiplier, clipNorm, size, 0);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<Need> needs() {
    return isByClients()
        ? EnumSet.noneOf(Need.class)
        : EnumSet.of(Need.NORMS, Need.COUNTS, Need.KEY);
  }

  @Override
  public boolean showsNorms() {
    return false;
  }

  @Override
  public OfRound begin(long size, double[] norms, byte[] key) {
    if (isByClients()) {
      throw new IllegalStateException("noise that clients have added is not added again");
    }
    double count = divisor(norms);
    long indicator = adaptiveClip == null ? 0 : AdaptiveClip.height(count);
    var grid = new Grid(noiseMultiplier, clipNorm, size, indicator);
    var steps = new FixedPoint(grid.scale());
    var noise = new Noise(key);
    double[] factors =
        Arrays.stream(norms)
            .map(norm -> grid.factor(norm > MOST_NORM ? Double.POSITIVE_INFINITY : norm))
            .toArray();
    return new OfRound() {
      @Override
      public FixedPoint grid() {
        return steps;
      }

      @Override
      public double[] factors() {
        return factors.clone();
      }

      @Override
      public double count() {
        return count;
      }

      @Override
      public void protect(Range range, long[] sums) {
        noise.add(range.from(), range.length(), sums);
      }
    };
  }
}
