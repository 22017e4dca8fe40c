package io.fedstep.aggregate;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Batcher's merge exchange (K. E. Batcher, Sorting networks and their applications, 1968; D. E.
 * Knuth, The Art of Computer Programming, 5.2.2, algorithm M) without the exchanges on which no
 * asked-for output depends. It exchanges whole rows coordinate by coordinate.
 */
final class SortingNetwork {
  /** Two rows whose smaller values go to the first and whose larger go to the second. */
  private record Exchange(int first, int second, boolean smaller, boolean larger) {}

  private final List<Exchange> exchanges = new ArrayList<>();

  /** A network for {@code count} rows whose outputs {@code from} to before {@code to} count. */
  SortingNetwork(int count, int from, int to) {
    int top = Integer.highestOneBit(Math.max(1, count - 1));
    for (int p = top; p > 0; p >>= 1) {
      int distance = p;
      int remainder = 0;
      for (int q = top; q >= p; q >>= 1) {
        for (int i = 0; i < count - distance; i++) {
          if ((i & p) == remainder) {
            exchanges.add(new Exchange(i, i + distance, true, true));
          }
        }
        distance = q - p;
        remainder = p;
      }
    }
    prune(count, from, to);
  }

  private void prune(int count, int from, int to) {
    boolean[] needed = new boolean[count];
    for (int row = from; row < to; row++) {
      needed[row] = true;
    }
    var kept = new ArrayList<Exchange>();
    for (Exchange one : exchanges.reversed()) {
      boolean smaller = needed[one.first()];
      boolean larger = needed[one.second()];
      if (smaller || larger) {
        kept.add(new Exchange(one.first(), one.second(), smaller, larger));
        needed[one.first()] = true;
        needed[one.second()] = true;
      }
    }
    Collections.reverse(kept);
    exchanges.clear();
    exchanges.addAll(kept);
  }

  /** Sorts the first {@code length} coordinates of rows. */
  void run(int[][] rows, int length) {
    for (Exchange one : exchanges) {
      int[] first = rows[one.first()];
      int[] second = rows[one.second()];
      if (!one.larger()) {
        toSmaller(first, second, length);
      } else if (!one.smaller()) {
        toLarger(first, second, length);
      } else {
        exchange(first, second, length);
      }
    }
  }

  private static void toSmaller(int[] first, int[] second, int length) {
    for (int i = 0; i < length; i++) {
      first[i] = Math.min(first[i], second[i]);
    }
  }

  private static void toLarger(int[] first, int[] second, int length) {
    for (int i = 0; i < length; i++) {
      second[i] = Math.max(first[i], second[i]);
    }
  }

  private static void exchange(int[] first, int[] second, int length) {
    for (int i = 0; i < length; i++) {
      int a = first[i];
      int b = second[i];
      first[i] = Math.min(a, b);
      second[i] = Math.max(a, b);
    }
  }

  /** Sorts the first {@code length} coordinates of rows. */
  void run(long[][] rows, int length) {
    for (Exchange one : exchanges) {
      exchange(rows[one.first()], rows[one.second()], length);
    }
  }

  private static void exchange(long[] first, long[] second, int length) {
    for (int i = 0; i < length; i++) {
      long a = first[i];
      long b = second[i];
      first[i] = Math.min(a, b);
      second[i] = Math.max(a, b);
    }
  }
}
