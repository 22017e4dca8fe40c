package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The server's anonymous memory after rounds of 10^6 values with 4, 64 and 256 clients: as many
 * updates each time, over as many connections, to a server of its own.
 */
final class Memory implements Row {
  private static final List<Integer> CLIENTS = List.of(4, 64, 256);
  private static final int UPDATES = 512;
  private static final int CONNECTIONS = 4;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    var gradients = new Gradients(bench.size(1_000_000, 1000));
    var lines = new ArrayList<Line>();
    var found = new ArrayList<Double>();
    for (int clients : CLIENTS) {
      double megabytes = after(bench, gradients, clients);
      bench.progress().accept("  %d clients: %.1f MB".formatted(clients, megabytes));
      found.add(megabytes);
      lines.add(
          Line.alone(
              "anonymous memory after rounds of %d clients, 10^6".formatted(clients),
              new Figure(megabytes, Unit.MEGABYTES),
              Goal.NONE));
    }
    double spread = Collections.max(found) / Collections.min(found);
    lines.add(
        Line.alone(
            "the largest of these by the smallest",
            new Figure(spread, Unit.COUNT),
            new Goal("at most 1.05", "")));
    return lines;
  }

  private static double after(Bench bench, Gradients gradients, int clients) throws Exception {
    int updates = bench.size(UPDATES, clients);
    double norm = gradients.normOfMean(clients);
    try (var subject = bench.subject();
        var crowd = new Crowd(subject.port(), CONNECTIONS)) {
      String model = "memory" + clients;
      subject.create(model, gradients.size(), clients, clients + 1);
      for (int round = 0; round < updates / clients; round++) {
        String path = "/v1/models/%s/rounds/%d/updates/c".formatted(model, round);
        crowd.seconds(
            clients, (to, client) -> to.put(path + client, gradients.body(client)).is(201));
        Records.check(subject.close(model), clients, norm);
      }
      return subject.memory().anonymous();
    }
  }
}
