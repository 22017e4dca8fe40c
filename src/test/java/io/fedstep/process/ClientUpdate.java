package io.fedstep.process;

import java.util.Arrays;
import java.util.SplittableRandom;

/** What a client sends in a round. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ClientUpdate(double weight, double[] gradient) {
  /** The same as {@code update} in {@code src/test/python/numpy_rounds.py}. */
  static ClientUpdate likeNumPy(Numbers numbers, int round, int client, int size) {
    var bits = new SplittableRandom(1000L * round + client);
    long steps = 1 + Long.remainderUnsigned(bits.nextLong(), 600);
    var gradient = new double[size];
    Arrays.setAll(gradient, i -> value(bits.nextLong(), numbers.precision()));
    return new ClientUpdate(client == 2 ? steps * 0.1 : steps, gradient);
  }

  private static double value(long bits, int precision) {
    long kind = bits >> 5 & 15;
    if (kind < 2) {
      return kind == 0 ? 0.0 : -0.0;
    }
    long digits = (bits >>> (64 - precision)) - (1L << (precision - 1));
    return Math.scalb((double) digits, (int) (bits & 31) - 20 - precision + 1);
  }

  /** One whose sums with a few others are exact in double. */
  static ClientUpdate coarse(int round, int client, int size) {
    var random = new SplittableRandom(1000L * round + client);
    var gradient = new double[size];
    int weight = random.nextInt(1, 512);
    Arrays.setAll(gradient, _ -> random.nextInt(-1023, 1024) * 0x1p-10);
    return new ClientUpdate(weight, gradient);
  }
}
