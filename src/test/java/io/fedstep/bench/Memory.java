package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.util.ArrayList;
import java.util.List;

/**
 * A server's anonymous memory after rounds of 10^6 values with 4, then 64, then 256 clients: as
 * many updates each time, over as many connections. It is one server, since how soon a heap is used
 * to its size is the collector's choice and differs from process to process.
 */
final class Memory implements Row {
  private static final List<Integer> CLIENTS = List.of(4, 64, 256);
  private static final int UPDATES = 512;
  private static final int CONNECTIONS = 4;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    var gradients = new Gradients(bench.size(1_000_000, 1000));
    var lines = new ArrayList<Line>();
    try (var subject = bench.subject()) {
      Figure few = null;
      for (int clients : CLIENTS) {
        train(bench, subject, gradients, clients);
        var memory = new Figure(subject.memory().anonymous(), Unit.MEGABYTES);
        bench.progress().accept("  %s clients: %s".formatted(clients, memory));
        String work =
            "anonymous memory after rounds of %s clients, %s"
                .formatted(clients, Line.count(gradients.size()));
        if (few == null) {
          few = memory;
          lines.add(Line.alone(work, memory, Goal.NONE));
        } else {
          lines.add(new Line(work, memory, "rounds of 4", few, new Goal("0.95", "")));
        }
      }
    }
    return lines;
  }

  private static void train(Bench bench, Subject subject, Gradients gradients, int clients)
      throws Exception {
    int updates = bench.size(UPDATES, clients);
    double norm = gradients.normOfMean(clients);
    String model = "memory" + clients;
    subject.create(model, gradients.size(), clients, clients + 1);
    try (var crowd = new Crowd(subject.port(), CONNECTIONS)) {
      for (int round = 0; round < updates / clients; round++) {
        String path = "/v1/models/%s/rounds/%s/updates/c".formatted(model, round);
        crowd.seconds(
            clients, (to, client) -> to.put(path + client, gradients.body(client)).is(201));
        Records.check(subject.close(model), clients, norm);
      }
    }
  }
}
