package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.util.List;

/**
 * A whole round of ten clients in Python at 10^7 values: each puts 40 MB and waits for the next
 * weights, until the last one has them.
 */
final class WholeRound implements Row {
  private static final int CLIENTS = 10;
  private static final int WARM_UPS = 12;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    int size = bench.size(10_000_000, 1000);
    try (var subject = bench.usedSubject()) {
      subject.create("round", size, CLIENTS, CLIENTS);
      try (Peer python =
          Peer.python("whole_round.py", "" + subject.port(), "round", "" + CLIENTS, "" + size)) {
        if (python == null) {
          return List.of();
        }
        var turns = new Turns(bench);
        var fedstep = turns.add("fedstep", () -> python.seconds("round"));
        var numpy = turns.add("NumPy", () -> python.seconds("numpy"));
        turns.take(bench.warmUps(WARM_UPS));
        String verdict = python.ask("check");
        if (!verdict.equals("right")) {
          throw new IllegalStateException(verdict);
        }
        return List.of(
            new Line(
                "whole round of %s Python clients at %s".formatted(CLIENTS, Line.count(size)),
                fedstep.time(),
                "NumPy in memory: mean, RMSProp, state as JSON",
                numpy.time(),
                new Goal("0.7 s", "0.4 s")));
      }
    }
  }
}
