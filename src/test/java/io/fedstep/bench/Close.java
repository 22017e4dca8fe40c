package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.util.List;

/**
 * The close of 64 updates of 10^7 values that lie in the page cache: from the request to close to
 * its answer, when the next version exists.
 */
final class Close implements Row {
  private static final int CLIENTS = 64;
  private static final int CONNECTIONS = 16;
  private static final int WARM_UPS = 12;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    var gradients = new Gradients(bench.size(10_000_000, 1000));
    double norm = gradients.normOfMean(CLIENTS);
    try (var subject = bench.usedSubject();
        var crowd = new Crowd(subject.port(), CONNECTIONS)) {
      subject.create("close", gradients.size(), CLIENTS, CLIENTS + 1);
      var round = new int[1];
      var turns = new Turns(bench);
      var fedstep =
          turns.add(
              "fedstep",
              () -> {
                crowd.update("close", round[0], CLIENTS, gradients);
                round[0]++;
                long started = System.nanoTime();
                var closed = subject.close("close");
                double seconds = (System.nanoTime() - started) * 1e-9;
                Records.check(closed, CLIENTS, norm);
                return seconds;
              });
      var cat =
          turns.add(
              "cat",
              () ->
                  Peer.run("sh", "-c", "cat '%s' >/dev/null".formatted(subject.updates("close"))));
      turns.take(bench.warmUps(WARM_UPS));
      long bytes = CLIENTS * gradients.length();
      return List.of(
          new Line(
              "close of %s × %s float32".formatted(CLIENTS, Line.count(gradients.size())),
              fedstep.rate(bytes, Unit.BYTES),
              "`cat updates.bin >/dev/null`",
              cat.rate(bytes, Unit.BYTES),
              new Goal("0.6", "0.85")));
    }
  }
}
