package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.util.List;

/**
 * The close of 16 updates of 10^7 values of a model with {@code scaffold-server}, which sums their
 * controls too, beside that of the same updates without: from the request to close to its answer.
 */
final class Controls implements Row {
  private static final int CLIENTS = 16;
  private static final int WARM_UPS = 6;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    var gradients = new Gradients(bench.size(10_000_000, 10_000));
    double norm = gradients.normOfMean(CLIENTS);
    try (var subject = bench.usedSubject();
        var crowd = new Crowd(subject.port(), CLIENTS)) {
      subject.create("plain", gradients.size(), CLIENTS, CLIENTS + 1);
      subject.createWithControls("controls", gradients.size(), CLIENTS);
      var turns = new Turns(bench);
      var plain = turns.add("plain", close(subject, crowd, "plain", gradients, norm));
      var controls = turns.add("controls", close(subject, crowd, "controls", gradients, norm));
      turns.take(bench.warmUps(WARM_UPS));
      return List.of(
          new Line(
              "close of %s × %s float32 with controls"
                  .formatted(CLIENTS, Line.count(gradients.size())),
              controls.time(),
              "the same without",
              plain.time(),
              Goal.NONE));
    }
  }

  private static Turns.Timed close(
      Subject subject, Crowd crowd, String model, Gradients gradients, double norm) {
    var round = new int[1];
    return () -> {
      String last = round[0] == 0 ? "none" : Integer.toString(round[0] - 1);
      String query = model.equals("controls") ? "?local_rate=0.5&control=" + last : "";
      crowd.update(model, round[0], CLIENTS, gradients, query);
      round[0]++;
      long started = System.nanoTime();
      var closed = subject.close(model);
      double seconds = (System.nanoTime() - started) * 1e-9;
      Records.check(closed, CLIENTS, norm);
      return seconds;
    };
  }
}
