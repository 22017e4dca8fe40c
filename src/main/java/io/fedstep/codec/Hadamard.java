package io.fedstep.codec;

/** The Walsh-Hadamard transform, not scaled, in place. */
final class Hadamard {
  private Hadamard() {}

  /**
   * Transforms the first {@code length} values, a power of two: butterflies of the widths 1, 2, 4
   * …, of which two are done in one pass where there are two, with the same sums.
   */
  static void transform(double[] z, int length) {
    int h = 1;
    for (; 4 * h <= length; h *= 4) {
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
    if (2 * h <= length) {
      for (int i = 0; i < h; i++) {
        double a = z[i];
        double b = z[i + h];
        z[i] = a + b;
        z[i + h] = a - b;
      }
    }
  }
}
