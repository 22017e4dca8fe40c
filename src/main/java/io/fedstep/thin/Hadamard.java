package io.fedstep.thin;

/** The Walsh-Hadamard transform, not scaled, in place. */
public final class Hadamard {
  private Hadamard() {}

  /**
   * Transforms the first {@code length} values, a power of two from 8 on: butterflies of the widths
   * 1, 2, 4 …, several in one pass, with the sums of the plain loop.
   */
  public static void transform(double[] z, int length) {
    eights(z, length);
    transformEights(z, length);
  }

  /**
   * The rest of it, where each eight values are transformed: the widths from 8 on. Those of a block
   * are constants, by which the compiler sees that the values of a loop lie apart, and takes
   * several at once: in half of the time.
   */
  static void transformEights(double[] z, int length) {
    if (length >= 32) {
      pairs(z, length, 8);
    }
    if (length >= 128) {
      pairs(z, length, 32);
    }
    if (length >= 512) {
      pairs(z, length, 128);
    }
    if (length >= 2048) {
      pairs(z, length, 512);
    }
    if (length >= 8192) {
      pairs(z, length, 2048);
    }
    for (int h = 8192; 4 * h <= length; h *= 4) {
      pairs(z, length, h);
    }
    int half = length / 2;
    if (Integer.numberOfTrailingZeros(length) % 2 == 0) { // one width is left
      for (int i = 0; i < half; i++) {
        double a = z[i];
        double b = z[i + half];
        z[i] = a + b;
        z[i + half] = a - b;
      }
    }
  }

  /** The widths 1, 2 and 4, where a loop is longer than what is in it. */
  private static void eights(double[] z, int length) {
    for (int i = 0; i < length; i += 8) {
      double a0 = z[i] + z[i + 1];
      double a1 = z[i] - z[i + 1];
      double a2 = z[i + 2] + z[i + 3];
      double a3 = z[i + 2] - z[i + 3];
      double a4 = z[i + 4] + z[i + 5];
      double a5 = z[i + 4] - z[i + 5];
      double a6 = z[i + 6] + z[i + 7];
      double a7 = z[i + 6] - z[i + 7];
      double b0 = a0 + a2;
      double b1 = a1 + a3;
      double b2 = a0 - a2;
      double b3 = a1 - a3;
      double b4 = a4 + a6;
      double b5 = a5 + a7;
      double b6 = a4 - a6;
      double b7 = a5 - a7;
      z[i] = b0 + b4;
      z[i + 1] = b1 + b5;
      z[i + 2] = b2 + b6;
      z[i + 3] = b3 + b7;
      z[i + 4] = b0 - b4;
      z[i + 5] = b1 - b5;
      z[i + 6] = b2 - b6;
      z[i + 7] = b3 - b7;
    }
  }

  /** The widths {@code h} and {@code 2 h}. */
  private static void pairs(double[] z, int length, int h) {
    for (int block = 0; block < length; block += 4 * h) {
      for (int i = block; i < block + h; i++) {
        double a = z[i] + z[i + h];
        double b = z[i] - z[i + h];
        double c = z[i + 2 * h] + z[i + 3 * h];
        double d = z[i + 2 * h] - z[i + 3 * h];
        z[i] = a + c;
        z[i + h] = b + d;
        z[i + 2 * h] = a - c;
        z[i + 3 * h] = b - d;
      }
    }
  }
}
