package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.util.FileSystemUtils;

/**
 * From the start of the process to its answer that it is ready, without models and with 1,000; and
 * what models cost that nobody uses.
 */
final class Startup implements Row {
  private static final int WARM_UPS = 1;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    int models = bench.size(1000, 10);
    Path none = Subject.newFolder(bench);
    Path many = Subject.newFolder(bench);
    try {
      double creation = create(bench, many, models);
      var idle = new ArrayList<ProcessMemory>();
      var turns = new Turns(bench);
      var start = turns.add("no models", () -> start(bench, none, idle));
      var startMany = turns.add("models", () -> start(bench, many, idle));
      turns.take(bench.warmUps(WARM_UPS));
      ProcessMemory with = idle.getLast();
      ProcessMemory without = idle.get(idle.size() - 2);
      String all = Line.count(models) + " models";
      String unused = Line.count(models) + " idle models";
      return List.of(
          Line.alone("start to readiness, no models", start.time(), Goal.NONE),
          Line.alone("start to readiness, " + all, startMany.time(), Goal.NONE),
          Line.alone(
              all + " created, one after the other", new Figure(creation, Unit.SECONDS), Goal.NONE),
          new Line(
              "resident memory with " + unused,
              new Figure(with.resident(), Unit.MEGABYTES),
              "without models",
              new Figure(without.resident(), Unit.MEGABYTES),
              Goal.NONE),
          new Line(
              "open files with " + unused,
              new Figure(with.files(), Unit.COUNT),
              "without models",
              new Figure(without.files(), Unit.COUNT),
              Goal.NONE));
    } finally {
      FileSystemUtils.deleteRecursively(none);
      FileSystemUtils.deleteRecursively(many);
    }
  }

  private static double create(Bench bench, Path data, int models) throws Exception {
    try (var subject = Subject.start(bench, data)) {
      subject.awaitReady();
      long started = System.nanoTime();
      for (int i = 0; i < models; i++) {
        subject.create("m" + i, 10, 1, 1);
      }
      return (System.nanoTime() - started) * 1e-9;
    }
  }

  private static double start(Bench bench, Path data, List<ProcessMemory> idle) throws Exception {
    long started = System.nanoTime();
    try (var subject = Subject.start(bench, data)) {
      subject.awaitReady();
      double seconds = (System.nanoTime() - started) * 1e-9;
      idle.add(subject.memory());
      return seconds;
    }
  }
}
