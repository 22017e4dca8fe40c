package io.fedstep.thin;

/**
 * Values that are rotated together and sent as codes of few bits and one scale (S. Vargaftik et
 * al., DRIVE, 2021, and EDEN, 2022).
 */
public final class EdenBlock {
  /** How many values a block has, but a tensor's last. */
  public static final int SIZE = 8192;

  /** What eight codes of one bit, a byte, are after the first three widths of butterflies. */
  private static final double[] EIGHTS = new double[Byte.SIZE << Byte.SIZE];

  static {
    double[] eight = new double[Byte.SIZE];
    for (int codes = 0; codes < 1 << Byte.SIZE; codes++) {
      Centroids.read(new byte[] {(byte) codes}, 1, eight, Byte.SIZE);
      Hadamard.transform(eight, Byte.SIZE);
      System.arraycopy(eight, 0, EIGHTS, codes * Byte.SIZE, Byte.SIZE);
    }
  }

  private EdenBlock() {}

  /** How many values a block of {@code count} has once it is padded. */
  public static int padded(int count) {
    return Math.max(Byte.SIZE, count <= 1 ? 1 : Integer.highestOneBit(count - 1) << 1);
  }

  /**
   * Encodes a block: of each rotated value, in the unit of the block's norm, the nearest centroid.
   *
   * @param values with their signs, padded with zeros to {@code length}; rotated here
   * @param into takes {@code length * bits / 8} bytes from {@code at} on
   * @return the scale with which the block decodes to its own length along itself, on average over
   *     rotations; 0 for zeros, and not finite where a value is not
   */
  public static float encode(double[] values, int length, int bits, byte[] into, int at) {
    double squares = 0;
    for (int i = 0; i < length; i++) {
      squares += values[i] * values[i];
    }
    double norm = Math.sqrt(squares);
    double unit = norm == 0 ? 1 : norm;
    Hadamard.transform(values, length);
    double product = 0;
    int next = at;
    for (int i = 0; i < length; i += Byte.SIZE) {
      int word = 0; // eight codes are as many bytes as one has bits
      for (int k = 0; k < Byte.SIZE; k++) {
        int code = Centroids.nearest(bits, values[i + k] / unit);
        product += values[i + k] * Centroids.get(bits, code);
        word |= code << (k * bits);
      }
      for (int shift = 0; shift < bits * Byte.SIZE; shift += Byte.SIZE) {
        into[next++] = (byte) (word >>> shift);
      }
    }
    return norm == 0 ? 0 : (float) (squares / product);
  }

  /**
   * Decodes a block but for its scale and signs: the transform of its codes' centroids.
   *
   * @param length a power of two from 8 on
   */
  public static void decode(byte[] codes, int bits, double[] into, int length) {
    if (bits == 1) {
      for (int i = 0; i < length; i += Byte.SIZE) {
        int at = (codes[i / Byte.SIZE] & 0xFF) * Byte.SIZE;
        System.arraycopy(EIGHTS, at, into, i, Byte.SIZE);
      }
      Hadamard.transformEights(into, length);
    } else {
      Centroids.read(codes, bits, into, length);
      Hadamard.transform(into, length);
    }
  }
}
