package io.fedstep.vector;

import java.util.ArrayList;
import java.util.List;

/**
 * The sum of squares in a dtype as {@code numpy.sum} adds them up: halves of halves, down to blocks
 * of at most 128 values that are added in eight columns (N. Higham, The Accuracy of Floating Point
 * Summation, 1993, section 4). Where a half fits a tile it is a leaf that anybody can sum.
 */
public final class PairwiseSum {
  private static final int BLOCK = 128;

  private PairwiseSum() {}

  /** The sum of two values of a dtype, in that dtype. */
  public static double add(Dtype dtype, double a, double b) {
    return switch (dtype) {
      case FLOAT32 -> (float) (a + b); // rounded twice and yet right: a double has the bits for it
      case FLOAT64 -> a + b;
    };
  }

  private static long half(long size) {
    long half = size / 2;
    return half - half % 8;
  }

  /** The leaves of {@code size} values from {@code from} on, in order. */
  public static List<Range> leaves(long from, long size) {
    var leaves = new ArrayList<Range>();
    cut(from, size, leaves);
    return leaves;
  }

  private static void cut(long from, long size, List<Range> into) {
    if (size == 0) {
      return;
    }
    if (size <= Range.TILE) {
      into.add(new Range(from, (int) size));
    } else {
      long half = half(size);
      cut(from, half, into);
      cut(from + half, size - half, into);
    }
  }

  /**
   * The sum of {@code size} values whose leaves, {@code sums} from {@code first} on, are summed.
   */
  public static double join(Dtype dtype, long size, double[] sums, int first) {
    return new Join(dtype, sums, first).sum(size);
  }

  private static final class Join {
    private final Dtype dtype;
    private final double[] sums;
    private int next;

    Join(Dtype dtype, double[] sums, int first) {
      this.dtype = dtype;
      this.sums = sums;
      next = first;
    }

    double sum(long size) {
      if (size == 0) {
        return 0;
      }
      if (size <= Range.TILE) {
        return sums[next++];
      }
      long half = half(size);
      double left = sum(half);
      return add(dtype, left, sum(size - half));
    }
  }

  /** The sum of a leaf's squares. */
  public static double squares(Tile leaf) {
    return switch (leaf) {
      case FloatTile(float[] values, int length) -> squares(values, 0, length);
      case DoubleTile(double[] values, int length) -> squares(values, 0, length);
    };
  }

  private static float squares(float[] values, int from, int length) {
    if (length > BLOCK) {
      int half = (int) half(length);
      return squares(values, from, half) + squares(values, from + half, length - half);
    }
    int i = from;
    float sum = 0;
    if (length >= 8) {
      float[] columns = new float[8];
      for (; i <= from + length - 8; i += 8) {
        for (int j = 0; j < 8; j++) {
          columns[j] += values[i + j] * values[i + j];
        }
      }
      sum =
          ((columns[0] + columns[1]) + (columns[2] + columns[3]))
              + ((columns[4] + columns[5]) + (columns[6] + columns[7]));
    }
    for (; i < from + length; i++) {
      sum += values[i] * values[i];
    }
    return sum;
  }

  private static double squares(double[] values, int from, int length) {
    if (length > BLOCK) {
      int half = (int) half(length);
      return squares(values, from, half) + squares(values, from + half, length - half);
    }
    int i = from;
    double sum = 0;
    if (length >= 8) {
      double[] columns = new double[8];
      for (; i <= from + length - 8; i += 8) {
        for (int j = 0; j < 8; j++) {
          columns[j] += values[i + j] * values[i + j];
        }
      }
      sum =
          ((columns[0] + columns[1]) + (columns[2] + columns[3]))
              + ((columns[4] + columns[5]) + (columns[6] + columns[7]));
    }
    for (; i < from + length; i++) {
      sum += values[i] * values[i];
    }
    return sum;
  }
}
