package io.fedstep.client;

import io.fedstep.privacy.Grid;
import io.fedstep.privacy.Noise;
import io.fedstep.secure.MemberNoise;
import io.fedstep.secure.Roster;
import io.fedstep.secure.RoundFacts;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;

/**
 * The numbers of an update that is cut to a norm, on a grid, with this client's share of the noise:
 * exact, and each time the same (P. Kairouz, Z. Liu, T. Steinke, The Distributed Discrete Gaussian
 * Mechanism, 2021).
 */
final class NoisyNumbers {
  private static final int TILE = 1 << 14;

  /** Sums of squares beside one another. */
  private static final int LANES = 256;

  private final IntToDoubleFunction values;
  private final double factor;
  private final Noise noise;

  /**
   * The numbers of values.
   *
   * @param roster as many of its members go all the way as their shares are counted for
   * @param key 32 random bytes, for this update alone
   */
  NoisyNumbers(IntToDoubleFunction values, int size, Roster roster, byte[] key) {
    RoundFacts facts = roster.facts();
    MemberNoise asked = Objects.requireNonNull(facts.noise());
    var grid = new Grid(asked.multiplier(), facts.clip(), size, 0);
    this.values = values;
    factor = grid.factor(norm(values, size)) * grid.scale();
    noise = new Noise(key, roster.threshold() - asked.collusion());
  }

  /** The numbers of {@code length} values from a place on. */
  long[] of(int from, int length) {
    long[] numbers = new long[length];
    for (int i = 0; i < length; i++) {
      numbers[i] = (long) Math.rint(values.applyAsDouble(from + i) * factor);
    }
    noise.add(from, length, numbers);
    return numbers;
  }

  /** The L2 norm, in the order of additions that all have; infinite where a square is. */
  static double norm(IntToDoubleFunction values, int size) {
    double total = 0;
    for (int begin = 0; begin < size; begin += TILE) {
      int end = Math.min(size, begin + TILE);
      int rest = end - (end - begin) % LANES;
      double[] lanes = new double[LANES];
      for (int i = begin; i < rest; i++) {
        double value = values.applyAsDouble(i);
        lanes[(i - begin) % LANES] += value * value;
      }
      double tile = 0;
      for (double lane : lanes) {
        tile += lane;
      }
      for (int i = rest; i < end; i++) {
        double value = values.applyAsDouble(i);
        tile += value * value;
      }
      total += tile;
    }
    return Math.sqrt(total);
  }
}
