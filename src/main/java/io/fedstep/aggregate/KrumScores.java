package io.fedstep.aggregate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Krum's score of an update: the sum of its squared distances to its {@code n - byzantine - 2}
 * nearest neighbours, of one at least (P. Blanchard et al., Machine Learning with Adversaries:
 * Byzantine Tolerant Gradient Descent, 2017).
 */
final class KrumScores {
  private final Distances distances;
  private final int byzantine;
  private final int[][] nearest;

  /** Scores that expect that many hostile updates. */
  KrumScores(Distances distances, int byzantine) {
    this.distances = distances;
    this.byzantine = byzantine;
    nearest = new int[distances.count()][];
    Arrays.setAll(nearest, this::neighbours);
  }

  private int[] neighbours(int row) {
    return IntStream.range(0, distances.count())
        .filter(other -> other != row)
        .boxed()
        .sorted(Comparator.comparingDouble(other -> distances.square(row, other)))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** The rows with the lowest scores, in order of rows; of equal ones the first. */
  int[] best(int count) {
    boolean[] present = all();
    double[] scores = new double[nearest.length];
    Arrays.setAll(scores, row -> score(row, present, scores.length));
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparingDouble(row -> scores[row])) // which keeps the order of equals
        .limit(count)
        .mapToInt(Integer::intValue)
        .sorted()
        .toArray();
  }

  /** The rows that are best one after the other, each among those that are left; in row order. */
  int[] bestOneByOne(int count) {
    boolean[] present = all();
    for (int taken = 0; taken < count; taken++) {
      present[best(present, present.length - taken)] = false;
    }
    return IntStream.range(0, present.length).filter(row -> !present[row]).toArray();
  }

  private boolean[] all() {
    boolean[] present = new boolean[nearest.length];
    Arrays.fill(present, true);
    return present;
  }

  private int best(boolean[] present, int left) {
    int best = -1;
    double lowest = Double.POSITIVE_INFINITY;
    for (int row = 0; row < present.length; row++) {
      if (present[row]) {
        double score = score(row, present, left);
        if (score < lowest) {
          best = row;
          lowest = score;
        }
      }
    }
    return best;
  }

  /** The score among the {@code left} rows that are present, smallest distances first. */
  private double score(int row, boolean[] present, int left) {
    int terms = Math.min(Math.max(1, left - byzantine - 2), left - 1);
    double sum = 0;
    for (int i = 0; terms > 0; i++) {
      int other = nearest[row][i];
      if (present[other]) {
        sum += distances.square(row, other);
        terms--;
      }
    }
    return sum;
  }
}
