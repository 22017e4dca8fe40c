package io.fedstep.thin;

import java.util.random.RandomGenerator;

/** Values that are sent as bytes and one scale. */
public final class Int8Block {
  /** How many values a block has where nothing else is said. */
  public static final int SIZE = 256;

  private static final int MOST = Byte.MAX_VALUE;

  private Int8Block() {}

  /**
   * Encodes values, each rounded up or down so that it is right on average.
   *
   * @param count how many of {@code values}
   * @param into takes a byte for each, from {@code at} on
   * @return the scale: the largest absolute value is 127 of it; not finite where a value is not
   */
  public static float encode(
      double[] values, int count, RandomGenerator dice, byte[] into, int at) {
    double largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, Math.abs(values[i]));
    }
    float scale = (float) (largest / MOST);
    double unit = scale == 0 ? 1 : scale;
    for (int i = 0; i < count; i++) {
      double rounded = Math.floor(values[i] / unit + dice.nextDouble());
      into[at + i] = (byte) Math.clamp(rounded, -MOST, MOST);
    }
    return scale;
  }
}
