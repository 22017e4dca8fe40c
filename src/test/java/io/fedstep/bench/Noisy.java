package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.util.List;

/**
 * The close of a private model, with exact noise on each of 10^7 coordinates, beside that of the
 * same updates without: from the request to close to its answer.
 */
final class Noisy implements Row {
  private static final int CLIENTS = 16;
  private static final int WARM_UPS = 6;
  private static final double FACTOR = 1.5;
  private static final double SECONDS = 0.5;

  private static final double CLIP = 1;
  private static final double MULTIPLIER = 0.5;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    var gradients = new Gradients(bench.size(10_000_000, 10_000));
    double norm = gradients.normOfMean(CLIENTS);
    double noise = Math.sqrt(gradients.size()) * MULTIPLIER * CLIP / CLIENTS;
    try (var subject = bench.usedSubject();
        var crowd = new Crowd(subject.port(), CLIENTS)) {
      subject.create("open", gradients.size(), CLIENTS, CLIENTS + 1);
      subject.createPrivate("private", gradients.size(), CLIENTS, CLIP, MULTIPLIER);
      var turns = new Turns(bench);
      var open = turns.add("open", close(subject, crowd, "open", gradients, norm, 1e-6));
      var noisy = turns.add("private", close(subject, crowd, "private", gradients, noise, 0.1));
      turns.take(bench.warmUps(WARM_UPS));
      String work =
          "private close of %s × %s float32".formatted(CLIENTS, Line.count(gradients.size()));
      return List.of(
          new Line(work, noisy.time(), "the same without noise", open.time(), Goal.NONE),
          new Line(
              work,
              noisy.time(),
              "1.5 times that and 0.5 s",
              new Figure(FACTOR * open.median() + SECONDS, Unit.SECONDS),
              new Goal("1", "")));
    }
  }

  private static Turns.Timed close(
      Subject subject, Crowd crowd, String model, Gradients gradients, double norm, double off) {
    var round = new int[1];
    return () -> {
      crowd.update(model, round[0], CLIENTS, gradients);
      round[0]++;
      long started = System.nanoTime();
      var closed = subject.close(model);
      double seconds = (System.nanoTime() - started) * 1e-9;
      Records.check(closed, CLIENTS, norm, off);
      return seconds;
    };
  }
}
