package io.fedstep.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Works that have their turns one after the other, again and again, so that whatever changes on the
 * machine meanwhile touches all of them.
 */
final class Turns {
  /** Does some work and says how many seconds that took. */
  interface Timed {
    double seconds() throws Exception;
  }

  /** A work and what its turns took. */
  static final class Work {
    private final String name;
    private final Timed timed;
    private final double[] seconds;

    private Work(String name, Timed timed, int repeats) {
      this.name = name;
      this.timed = timed;
      seconds = new double[repeats];
    }

    double median() {
      double[] sorted = seconds.clone();
      Arrays.sort(sorted);
      int middle = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** The seconds of a turn. */
    Figure time() {
      return new Figure(median(), Unit.SECONDS);
    }

    /** A turn's amount of work by the second. */
    Figure rate(long amount, Unit unit) {
      return new Figure(amount / median(), unit);
    }
  }

  private final Bench bench;
  private final int repeats;
  private final List<Work> works = new ArrayList<>();

  Turns(Bench bench) {
    this(bench, bench.repeats());
  }

  /** Of short works, which one disturbance spoils whole, more turns than of others. */
  Turns(Bench bench, int repeats) {
    this.bench = bench;
    this.repeats = repeats;
  }

  Work add(String name, Timed timed) {
    var work = new Work(name, timed, repeats);
    works.add(work);
    return work;
  }

  /** Gives everyone its turns; the first ones warm up and do not count. */
  void take(int warmUps) throws Exception {
    for (int turn = -warmUps; turn < repeats; turn++) {
      var shown = new StringBuilder(turn < 0 ? "  warm-up" : "  turn " + (turn + 1));
      for (Work work : works) {
        double seconds = work.timed.seconds();
        shown.append(String.format(Locale.ROOT, "  %s %.4f s", work.name, seconds));
        if (turn >= 0) {
          work.seconds[turn] = seconds;
        }
      }
      bench.progress().accept(shown.toString());
    }
  }
}
