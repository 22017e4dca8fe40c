package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A cluster whatever goes wrong between its processes. The seed is in each failure; {@code
 * -Dsim.seed}, {@code -Dsim.seeds} and {@code -Dsim.steps} say which runs, {@code -Dsim.log=true}
 * shows the log; {@code -Plong} takes thousands of rounds.
 */
class ClusterSimulationTest implements LogsNothing {
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final long FIRST = Long.getLong("sim.seed", 1);
  private static final int SEEDS = Integer.getInteger("sim.seeds", LONG ? 200 : 3);
  private static final int STEPS = Integer.getInteger("sim.steps", LONG ? 100_000 : 10_000);
  private static final int CHECKED = 1000;

  static LongStream seeds() {
    return LongStream.range(FIRST, FIRST + SEEDS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whateverGoesWrong_nothingAcknowledgedIsLost(long seed, @TempDir Path folder) {
    long began = System.nanoTime();
    ClusterSimulation simulation = run(folder, seed, STEPS);
    System.out.printf(
        "seed %s: %s rounds, %s kills, %s answers, %s steps in %s ms%n",
        seed,
        simulation.rounds(),
        simulation.killed(),
        simulation.answered(),
        simulation.steps(),
        (System.nanoTime() - began) / 1_000_000);
    assertThat(simulation.rounds()).isPositive();
  }

  private static ClusterSimulation run(Path folder, long seed, int steps) {
    int step = 0;
    try (var simulation = new ClusterSimulation(folder, seed)) {
      for (; step < steps; step++) {
        simulation.step();
        if (step % CHECKED == CHECKED - 1) {
          simulation.check();
        }
      }
      return simulation;
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed %s, step %s".formatted(seed, step), e);
    }
  }

  @Test
  void sameSeed_isTheSameRun(@TempDir Path folder) {
    assertThat(trace(folder.resolve("a"))).isEqualTo(trace(folder.resolve("b")));
  }

  private static String trace(Path folder) {
    ClusterSimulation simulation = run(folder, 7, 2500);
    return "%s rounds, %s kills, %s answers, %s steps"
        .formatted(
            simulation.rounds(), simulation.killed(), simulation.answered(), simulation.steps());
  }
}
