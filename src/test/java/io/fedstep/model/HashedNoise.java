package io.fedstep.model;

import io.fedstep.plugin.Need;
import io.fedstep.vector.FixedPoint;
import io.fedstep.vector.Range;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A protection that protects nobody: a hash of the key and the coordinate is added to the sums of
 * updates that are cut to a norm.
 */
public record HashedNoise(double clip) implements Protection {
  /** Where updates are whole numbers. */
  public static final FixedPoint GRID = new FixedPoint(0x1p20 / 3);

  @Override
  public String name() {
    return "hashed_noise";
  }

  @Override
  public Set<Need> needs() {
    return EnumSet.of(Need.NORMS, Need.COUNTS, Need.KEY);
  }

  @Override
  public List<SpecRule<SpecParts>> rules() {
    return List.of(
        new SpecRule<>(
            name(),
            "update_bound",
            "`hashed_noise` cuts updates itself: no `update_bound`",
            spec -> spec.updateBound() == null ? null : "hashed_noise and update_bound are two"));
  }

  @Override
  public boolean showsNorms() {
    return false;
  }

  /** What an update of that norm is multiplied by. */
  public double factor(double norm) {
    return Math.min(1, clip / norm);
  }

  /** What is added to the sum of a coordinate. */
  public static long noise(byte[] key, long coordinate) {
    long mixed = (Arrays.hashCode(key) + coordinate) * 0x9E3779B97F4A7C15L;
    return (mixed ^ (mixed >>> 29)) >> 40;
  }

  @Override
  public OfRound begin(long size, double[] norms, byte[] key) {
    return new OfRound() {
      @Override
      public FixedPoint grid() {
        return GRID;
      }

      @Override
      public double[] factors() {
        return Arrays.stream(norms).map(HashedNoise.this::factor).toArray();
      }

      @Override
      public double count() {
        return norms.length;
      }

      @Override
      public void protect(Range range, long[] sums) {
        for (int i = 0; i < range.length(); i++) {
          sums[i] += noise(key, range.from() + i);
        }
      }
    };
  }
}
