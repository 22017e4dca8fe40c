package io.fedstep.privacy;

import java.util.function.LongPredicate;

/** The border of what holds up to some number, and not beyond. */
final class Search {
  private Search() {}

  /** The last number for which it holds; {@code from} needs no asking. */
  static long last(long from, long to, LongPredicate holds) {
    long last = from;
    long step = 1;
    while (last < to && holds.test(Math.min(to, last + step))) {
      last = Math.min(to, last + step);
      step *= 2;
    }
    long first = Math.min(to + 1, last + step); // does not hold
    while (first - last > 1) {
      long middle = last + (first - last) / 2;
      if (holds.test(middle)) {
        last = middle;
      } else {
        first = middle;
      }
    }
    return last;
  }
}
