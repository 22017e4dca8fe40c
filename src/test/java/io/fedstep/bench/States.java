package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.store.StateFile;
import io.fedstep.store.StateFiles;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Range;
import io.fedstep.vector.TensorLayout;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * The state document of 10^8 parameters, 800 MB: written from values tile by tile on all cores and
 * forced, as a close does, and read back into values; beside copying the file.
 */
final class States implements Row {
  private static final Optimizer.Pass PASS = Optimizer.DEFAULT.passes().getFirst();

  private static final int WARM_UPS = 1;
  private static final int CORES = Runtime.getRuntime().availableProcessors();

  private final ExecutorService threads = Executors.newFixedThreadPool(CORES);

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    long size = bench.size(100_000_000, 10_000);
    var spec =
        new ModelSpec(
            new TensorLayout(Map.of("w", List.of(size))),
            Dtype.FLOAT32,
            Optimizer.DEFAULT,
            ModelSpec.DEFAULT_AGGREGATOR,
            null,
            RoundPolicy.DEFAULT);
    Files.createDirectories(bench.folder());
    Path file = bench.folder().resolve("state.json");
    Path copy = bench.folder().resolve("copy.json");
    var turns = new Turns(bench);
    var write = turns.add("write", () -> write(file, spec));
    var copied =
        turns.add(
            "cp", () -> again(copy, "cp '%s' '%s' && sync -d '%s'".formatted(file, copy, copy)));
    var read = turns.add("read", () -> read(file, spec));
    var unforced =
        turns.add("cp, not forced", () -> again(copy, "cp '%s' '%s'".formatted(file, copy)));
    var cat = turns.add("cat", () -> Peer.run("sh", "-c", "cat '%s' >/dev/null".formatted(file)));
    try {
      turns.take(bench.warmUps(WARM_UPS));
      long bytes = Files.size(file);
      String of = "state JSON of %s parameters, ".formatted(Line.count(size));
      return List.of(
          new Line(
              of + "write",
              write.rate(bytes, Unit.BYTES),
              "`cp` to a new file + fdatasync",
              copied.rate(bytes, Unit.BYTES),
              new Goal("0.5", "0.8")),
          new Line(
              of + "read",
              read.rate(bytes, Unit.BYTES),
              "`cp` to a new file",
              unforced.rate(bytes, Unit.BYTES),
              new Goal("0.5", "0.8")),
          new Line(
              of + "read",
              read.rate(bytes, Unit.BYTES),
              "`cat FILE >/dev/null`",
              cat.rate(bytes, Unit.BYTES),
              Goal.NONE));
    } finally {
      threads.shutdownNow();
      Files.deleteIfExists(file);
      Files.deleteIfExists(copy);
    }
  }

  private static double again(Path file, String command) throws IOException, InterruptedException {
    Files.deleteIfExists(file);
    return Peer.run("sh", "-c", command);
  }

  private double write(Path path, ModelSpec spec) throws Exception {
    Files.deleteIfExists(path);
    long started = System.nanoTime();
    try (StateFile file = StateFiles.toWrite(path, spec)) {
      var tiles = ThreadLocal.withInitial(() -> new FloatTile(new float[Range.TILE], Range.TILE));
      var slices = ThreadLocal.withInitial(file::slices);
      onAllCores(
          Range.tiles(spec.parameters()),
          tile -> {
            Range range = Range.tile(tile, spec.parameters());
            FloatTile values = tiles.get().first(range.length());
            values.values()[0] = tile;
            slices.get().write(range, PASS, List.of(List.of(values)));
          });
    }
    try (var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.force(false);
    }
    return (System.nanoTime() - started) * 1e-9;
  }

  private double read(Path path, ModelSpec spec) throws Exception {
    long started = System.nanoTime();
    try (StateFile file = StateFiles.toRead(path, spec)) {
      var tiles = ThreadLocal.withInitial(() -> new FloatTile(new float[Range.TILE], Range.TILE));
      var slices = ThreadLocal.withInitial(file::slices);
      onAllCores(
          Range.tiles(spec.parameters()),
          tile -> {
            Range range = Range.tile(tile, spec.parameters());
            FloatTile values = tiles.get().first(range.length());
            slices.get().read(range, PASS, List.of(List.of(values)));
            if (values.get(0) != tile) {
              throw new IllegalStateException("tile %s is another".formatted(tile));
            }
          });
    }
    return (System.nanoTime() - started) * 1e-9;
  }

  private void onAllCores(long tiles, LongConsumer work) throws Exception {
    var next = new AtomicLong();
    var running = new ArrayList<Future<?>>();
    for (int i = 0; i < CORES; i++) {
      running.add(
          threads.submit(() -> {
            for (long tile = next.getAndIncrement(); tile < tiles; tile = next.getAndIncrement()) {
              work.accept(tile);
            }
          }));
    }
    for (Future<?> one : running) {
      one.get();
    }
  }
}
