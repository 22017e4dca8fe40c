package io.fedstep.thin;

/** The signs of a tensor's values, 64 a word, from a seed by SplitMix64. */
public final class RandomSigns {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private final long start;

  /** Those of the tensor that is number {@code tensor} in the spec. */
  public RandomSigns(long seed, int tensor) {
    start = mix(seed + (tensor + 1) * GAMMA);
  }

  /** The signs of 64 values, from the lowest bit on: 1 is minus. */
  public long word(long index) {
    return mix(start + (index + 1) * GAMMA);
  }

  /** A value with the sign that a word's lowest bit says. */
  public static double apply(long word, double value) {
    return Double.longBitsToDouble(Double.doubleToRawLongBits(value) ^ (word << 63));
  }

  private static long mix(long state) {
    long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
