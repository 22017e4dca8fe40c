package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import io.fedstep.bench.Turns.Timed;
import java.util.List;

/**
 * Durable updates of 4 KB over 64 connections, beside the same server reading and dropping them. A
 * turn is as many rounds of 10,000 clients as take five seconds; their closes, by hand, are not
 * timed.
 */
final class SmallUpdates implements Row {
  private static final int VALUES = 1024;
  private static final int CONNECTIONS = 64;
  private static final int WARM_UPS = 3;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    int clients = bench.size(10_000, CONNECTIONS);
    double least = 5 * bench.scale();
    var gradients = new Gradients(VALUES);
    double norm = gradients.normOfMean(clients);
    try (var subject = bench.subject();
        var flood = new Flood(subject.port(), CONNECTIONS)) {
      subject.create("small", VALUES, clients, clients + 1);
      var round = new int[1];
      Timed update =
          () -> {
            String path = "/v1/models/small/rounds/%s/updates/c".formatted(round[0]++);
            double seconds = flood.seconds(clients, client -> path + client, gradients);
            Records.check(subject.close("small"), clients, norm);
            return seconds;
          };
      Timed drop = () -> flood.seconds(clients, client -> Drain.PATH + "c" + client, gradients);
      var turns = new Turns(bench);
      var fedstep = turns.add("fedstep", () -> mean(update, least));
      var drain = turns.add("drain", () -> mean(drop, least));
      turns.take(bench.warmUps(WARM_UPS));
      return List.of(
          new Line(
              "durable updates of 4 KB, 64 connections",
              fedstep.rate(clients, Unit.UPDATES),
              "the same server, dropping them",
              drain.rate(clients, Unit.UPDATES),
              new Goal("0.25", "0.43")));
    }
  }

  /** Works for as many seconds; returns those of one time. */
  private static double mean(Timed work, double least) throws Exception {
    double seconds = 0;
    int times = 0;
    do {
      seconds += work.seconds();
      times++;
    } while (seconds < least);
    return seconds / times;
  }
}
