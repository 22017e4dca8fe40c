package io.fedstep.aggregate;

/**
 * The squared L2 distances between a round's updates: all that rules need to know which look at
 * whole updates.
 */
public final class Distances {
  /** For rules that ask for none. */
  public static final Distances NONE = new Distances(0, new double[0]);

  /** The most updates that can be compared: half a million pairs. */
  public static final int MOST_UPDATES = 1024;

  /** Far above any distance that matters, and low enough for sums of all. */
  private static final double LARGEST = 0x1p1000;

  private final int count;
  private final double[] squares;

  private Distances(int count, double[] squares) {
    this.count = count;
    this.squares = squares;
  }

  /**
   * The distances between {@code count} updates, from sums over all coordinates in order.
   *
   * @param parts arrays that each have the sums of all pairs, once or several times in a row
   */
  public static Distances of(int count, double[]... parts) {
    double[] squares = new double[pairs(count)];
    for (double[] part : parts) {
      for (int from = 0; from < part.length; from += squares.length) {
        for (int pair = 0; pair < squares.length; pair++) {
          squares[pair] += part[from + pair];
        }
      }
    }
    for (int pair = 0; pair < squares.length; pair++) {
      squares[pair] = Math.min(squares[pair], LARGEST);
    }
    return new Distances(count, squares);
  }

  /** The number of pairs of {@code count} updates. */
  static int pairs(int count) {
    return count * (count - 1) / 2;
  }

  /** The number of updates. */
  int count() {
    return count;
  }

  /** The square of the distance between two rows; what is too large for double is 2^1000. */
  double square(int a, int b) {
    if (a == b) {
      return 0;
    }
    int low = Math.min(a, b);
    int high = Math.max(a, b);
    return squares[low * (2 * count - low - 1) / 2 + (high - low - 1)];
  }
}
