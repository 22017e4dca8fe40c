package io.fedstep.thin;

/**
 * The numbers that codes of 1 to 4 bits stand for: the levels of least error for normal data (S. P.
 * Lloyd, Least squares quantization in PCM, 1982; J. Max, 1960).
 */
public final class Centroids {
  private static final double[][] UPPER = {
    {0.7978845608028654},
    {0.452780034636492, 1.5104176084990955},
    {0.24509417894422167, 0.7560052812058773, 1.343909278505, 2.1519457045369874},
    {
      0.128395029851147,
      0.3880482994902902,
      0.6567591185324634,
      0.9423404564869614,
      1.2562311973471771,
      1.6180463860218826,
      2.0690172265313866,
      2.732589570995163
    },
  };

  private static final double[][] ALL = new double[UPPER.length][];

  static {
    for (int bits = 1; bits <= UPPER.length; bits++) {
      double[] upper = UPPER[bits - 1];
      double[] all = new double[2 * upper.length];
      for (int i = 0; i < upper.length; i++) {
        all[upper.length + i] = upper[i];
        all[upper.length - 1 - i] = -upper[i];
      }
      ALL[bits - 1] = all;
    }
  }

  /** Cells into which a unit is cut, and the units: beyond them is no middle of two numbers. */
  private static final int CELLS = 256;

  private static final int FURTHEST = 3;

  /** Above the upper numbers, the middles between each and the next; the last has no next. */
  private static final double[][] MIDDLES = new double[UPPER.length][];

  /** Which upper number is the nearest to the begin of each cell. */
  private static final byte[][] FIRST = new byte[UPPER.length][FURTHEST * CELLS + 1];

  static {
    for (int bits = 1; bits <= UPPER.length; bits++) {
      double[] upper = UPPER[bits - 1];
      double[] middles = new double[upper.length];
      for (int i = 0; i < upper.length; i++) {
        middles[i] =
            i + 1 < upper.length ? (upper[i] + upper[i + 1]) / 2 : Double.POSITIVE_INFINITY;
      }
      MIDDLES[bits - 1] = middles;
      byte nearest = 0;
      for (int cell = 0; cell <= FURTHEST * CELLS; cell++) {
        while ((double) cell / CELLS > middles[nearest]) {
          nearest++;
        }
        FIRST[bits - 1][cell] = nearest;
      }
    }
  }

  private Centroids() {}

  /** The number that a code stands for; they ascend. */
  public static double get(int bits, int code) {
    return ALL[bits - 1][code];
  }

  /** The code of the number nearest to a value. */
  static int nearest(int bits, double value) {
    double magnitude = Math.abs(value);
    int above = FIRST[bits - 1][(int) Math.min(magnitude * CELLS, FURTHEST * CELLS)];
    if (magnitude > MIDDLES[bits - 1][above]) { // a cell has at most one of them
      above++;
    }
    int half = UPPER[bits - 1].length;
    return value < 0 ? half - 1 - above : half + above;
  }

  /**
   * Reads the numbers of {@code count} codes, a multiple of 8, which follow one another from the
   * lowest bit of the first byte on.
   */
  public static void read(byte[] codes, int bits, double[] into, int count) {
    double[] all = ALL[bits - 1];
    int mask = all.length - 1;
    for (int i = 0, at = 0; i < count; i += Byte.SIZE) {
      int word = 0; // eight codes are as many bytes as one has bits
      for (int shift = 0; shift < bits * Byte.SIZE; shift += Byte.SIZE) {
        word |= (codes[at++] & 0xFF) << shift;
      }
      for (int k = 0; k < Byte.SIZE; k++) {
        into[i + k] = all[(word >>> (k * bits)) & mask];
      }
    }
  }
}
