package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/**
 * The first work of a server that was just started, beside the same of that server when it is warm;
 * started by {@code java -jar}, and as the image has it, from the archive that was warmed up.
 */
final class Cold implements Row {
  private static final int LARGE_CLIENTS = 16;
  private static final int MIDDLE_CLIENTS = 10;
  private static final int CROWD = 6400;
  private static final int CONNECTIONS = 64;
  private static final int SMALL_ROUNDS = 300;
  private static final int MOST_LIVES = 3;
  private static final int WARM_TURNS = 3;

  /** How a server is started; what the second turn of each kind has to be of a warm one. */
  private record Way(String name, @Nullable Archive archive, String least) {
    Subject start(Bench bench, Path data) throws Exception {
      return archive == null
          ? Subject.start(bench, data)
          : Subject.startScript(bench, archive.script(), data);
    }
  }

  /** A kind of work: which of its first turns are shown, and how a turn's seconds are. */
  private record Kind(
      String name,
      List<Integer> shown,
      Starter starter,
      ToDoubleFunction<Double> value,
      Unit unit) {
    Figure figure(double seconds) {
      return new Figure(value.applyAsDouble(seconds), unit);
    }

    int firsts() {
      return shown.getLast();
    }
  }

  private interface Starter {
    FirstWork on(Subject subject) throws Exception;
  }

  /** What a server showed, in seconds: until it was ready, its first turns, and one when warm. */
  private record Life(double ready, List<Double> firsts, double warm) {}

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    List<Kind> kinds = kinds(bench);
    try (Archive archive = bench.shared() == null ? Archive.warmed(bench) : null) {
      List<Way> ways = new ArrayList<>(List.of(new Way("`java -jar`", null, "0.50")));
      if (archive != null) {
        ways.add(new Way("`bin/fedstep`, warmed up", archive, "0.67"));
        warmUpClients(bench, kinds);
      }
      Map<Way, Map<Kind, List<Life>>> lives = new LinkedHashMap<>();
      for (int life = 0; life < Math.min(MOST_LIVES, bench.repeats()); life++) {
        for (Way way : ways) {
          for (Kind kind : kinds) {
            lives
                .computeIfAbsent(way, _ -> new LinkedHashMap<>())
                .computeIfAbsent(kind, _ -> new ArrayList<>())
                .add(live(bench, way, kind));
          }
        }
      }
      List<Line> lines = new ArrayList<>();
      lives.forEach((way, byKind) -> byKind.forEach((kind, all) -> add(lines, way, kind, all)));
      return lines;
    }
  }

  private static List<Kind> kinds(Bench bench) {
    var large = new Gradients(bench.size(10_000_000, 1000));
    var middle = new Gradients(bench.size(1_000_000, 1000));
    var small = new Gradients(1024);
    int crowd = bench.size(CROWD, CONNECTIONS);
    return List.of(
        new Kind(
            rounds(LARGE_CLIENTS, large),
            List.of(1, 2, 4, 8),
            subject -> FirstWork.rounds(subject, "cold-large", LARGE_CLIENTS, large),
            seconds -> seconds,
            Unit.SECONDS),
        new Kind(
            rounds(MIDDLE_CLIENTS, middle),
            List.of(1, 2, 4, 8),
            subject -> FirstWork.rounds(subject, "cold-middle", MIDDLE_CLIENTS, middle),
            seconds -> seconds,
            Unit.SECONDS),
        new Kind(
            "%s updates of 4 KB, %s connections, time %%s"
                .formatted(Line.count(crowd), CONNECTIONS),
            List.of(1, 2, 3, 6),
            subject -> FirstWork.crowds(subject, "cold-small", crowd, CONNECTIONS, small),
            seconds -> crowd / seconds,
            Unit.UPDATES));
  }

  private static String rounds(int clients, Gradients gradients) {
    return "round %%s, %s × %s and close".formatted(clients, Line.bytes(gradients.length()));
  }

  /**
   * Gives another server all the work first: the code of the clients is none of what is measured.
   */
  private static void warmUpClients(Bench bench, List<Kind> kinds) throws Exception {
    try (Subject subject = Subject.start(bench)) {
      for (Kind kind : kinds) {
        try (FirstWork work = kind.starter().on(subject)) {
          turns(work, 2);
        }
      }
    }
  }

  private static Life live(Bench bench, Way way, Kind kind) throws Exception {
    Subject shared = bench.shared();
    Path data = Subject.newFolder(bench);
    long started = System.nanoTime();
    try (Subject subject = shared == null ? way.start(bench, data) : shared.borrowed()) {
      subject.awaitReady();
      double ready = (System.nanoTime() - started) * 1e-9;
      try (FirstWork work = kind.starter().on(subject)) {
        List<Double> firsts = turns(work, bench.scale() == 0 ? 1 : kind.firsts());
        if (bench.warmUps(SMALL_ROUNDS) > 0) {
          subject.run(SMALL_ROUNDS);
        }
        var life = new Life(ready, firsts, median(turns(work, bench.warmUps(WARM_TURNS - 1) + 1)));
        bench.progress().accept("  %s, %s: %s".formatted(way.name(), kind.name(), life));
        return life;
      }
    } finally {
      FileSystemUtils.deleteRecursively(data);
    }
  }

  private static List<Double> turns(FirstWork work, int count) throws Exception {
    List<Double> seconds = new ArrayList<>();
    for (int turn = 0; turn < count; turn++) {
      seconds.add(work.turn());
    }
    return seconds;
  }

  private static void add(List<Line> lines, Way way, Kind kind, List<Life> lives) {
    if (lines.stream().noneMatch(line -> line.work().startsWith(way.name()))) {
      Figure ready = new Figure(median(lives.stream().map(Life::ready).toList()), Unit.SECONDS);
      lines.add(Line.alone(way.name() + ": start to readiness", ready, Goal.NONE));
    }
    double warm = median(lives.stream().map(Life::warm).toList());
    for (int turn : kind.shown()) {
      if (turn <= lives.getFirst().firsts().size()) {
        double seconds = median(lives.stream().map(life -> life.firsts().get(turn - 1)).toList());
        lines.add(
            new Line(
                way.name() + ": " + kind.name().formatted(turn),
                kind.figure(seconds),
                "the same server, warm",
                kind.figure(warm),
                turn == 2 ? new Goal(way.least(), "") : Goal.NONE));
      }
    }
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(value -> value).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
