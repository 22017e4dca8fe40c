package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import io.fedstep.optim.RmsProp;
import io.fedstep.optim.StepContext;
import io.fedstep.optim.TensorNorms;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Range;
import io.fedstep.vector.TensorLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * RMSProp over 10^8 values on one thread, tile by tile, beside reading and writing the same memory
 * and beside the same loop in C; both have to give the same bits.
 */
final class Step implements Row {
  private static final StepContext MOMENT =
      new StepContext(
          new StepContext.Step(false, List.of(0L), 1, ""),
          0,
          new Range(0, Range.TILE),
          TensorNorms.none(new TensorLayout(Map.of("w", List.of((long) Range.TILE)))));

  private static final int WARM_UPS = 2;
  private static final int TURNS = 8;

  /** Bytes read and written for a value: gradient and state, in and out. */
  private static final int BYTES = 16;

  private final List<FloatTile> gradient = new ArrayList<>();
  private final List<FloatTile> state = new ArrayList<>();

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    int size = bench.size(100_000_000, 10_000);
    fill(size);
    try (Peer c = Peer.c(bench.folder(), "step", "" + size)) {
      var turns = new Turns(bench, TURNS * bench.repeats());
      var fedstep = turns.add("fedstep", () -> seconds(this::step));
      var memory = turns.add("memory", () -> seconds(() -> touch(Float.parseFloat("1"))));
      var loop = c == null ? null : turns.add("C", () -> c.seconds("step"));
      if (c != null) {
        c.awaitReady();
      }
      turns.take(bench.warmUps(WARM_UPS));
      if (c != null && Long.parseLong(c.ask("bits")) != bits()) {
        throw new IllegalStateException("C gives other bits");
      }
      long bytes = (long) BYTES * size;
      Figure ours = fedstep.rate(bytes, Unit.BYTES);
      String work = "RMSProp step, %s values, one thread".formatted(Line.count(size));
      return List.of(
          new Line(
              work,
              ours,
              "read and write of the same memory",
              memory.rate(bytes, Unit.BYTES),
              new Goal("0.65", "0.75")),
          new Line(
              work,
              ours,
              "the same loop in C",
              loop == null ? null : loop.rate(bytes, Unit.BYTES),
              new Goal("0.9", "1")));
    } finally {
      gradient.clear();
      state.clear();
    }
  }

  private void fill(int size) {
    for (long tile = 0; tile < Range.tiles(size); tile++) {
      Range range = Range.tile(tile, size);
      var values = new float[range.length()];
      for (int i = 0; i < values.length; i++) {
        values[i] = ((range.from() + i) % 1000 - 499) * 0x1p-10f;
      }
      gradient.add(new FloatTile(values, values.length));
      state.add(new FloatTile(new float[values.length], values.length));
    }
  }

  private static double seconds(Runnable work) {
    long started = System.nanoTime();
    work.run();
    return (System.nanoTime() - started) * 1e-9;
  }

  private void step() {
    for (int tile = 0; tile < gradient.size(); tile++) {
      RmsProp.DEFAULT.run(gradient.get(tile), List.of(state.get(tile)), MOMENT);
    }
  }

  private void touch(float factor) {
    for (int tile = 0; tile < gradient.size(); tile++) {
      multiply(gradient.get(tile).values(), factor);
      multiply(state.get(tile).values(), factor);
    }
  }

  private static void multiply(float[] values, float factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
  }

  private long bits() {
    long sum = 0;
    for (int tile = 0; tile < gradient.size(); tile++) {
      float[] g = gradient.get(tile).values();
      float[] s = state.get(tile).values();
      for (int i = 0; i < g.length; i++) {
        sum += (long) Float.floatToRawIntBits(g[i]) + Float.floatToRawIntBits(s[i]);
      }
    }
    return sum;
  }
}
