package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Private models of a cluster whatever goes wrong between its processes: each round is paid for
 * once, by who is in it, and its noise is that of one key, which the log has for it alone.
 */
class SecretSimulationTest implements LogsNothing {
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final long FIRST = Long.getLong("sim.seed", 1);
  private static final int SEEDS = Integer.getInteger("sim.seeds", LONG ? 200 : 2);
  private static final int STEPS = Integer.getInteger("sim.steps", LONG ? 100_000 : 6_000);
  private static final int CHECKED = 1000;

  /** From one life to the next, so many steps later one of its processes is killed. */
  private static final int STRIDE = Integer.getInteger("sim.stride", LONG ? 1 : 29);

  static LongStream seeds() {
    return LongStream.range(FIRST, FIRST + SEEDS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whateverGoesWrong_eachRoundIsPaidForOnce_andHasOneKey(long seed, @TempDir Path folder) {
    int step = 0;
    try (var simulation = new ClusterSimulation(folder, seed, "2m")) {
      for (; step < STEPS; step++) {
        simulation.step();
        if (step % CHECKED == CHECKED - 1) {
          simulation.check();
        }
      }
      System.out.printf(
          "seed %s: %s rounds, %s kills, %s answers%n",
          seed, simulation.rounds(), simulation.killed(), simulation.answered());
      assertThat(simulation.rounds()).isPositive();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed %s, step %s".formatted(seed, step), e);
    }
  }

  /** Whoever takes a step is killed behind it; the others go on, and nobody pays twice. */
  @Test
  void killAtEveryStep_countsEachRoundOnce(@TempDir Path folder) {
    for (int strike = 1; ; strike += STRIDE) {
      Path own = folder.resolve("at-" + strike);
      try (var simulation = new ClusterSimulation(own, FIRST, "1d")) {
        simulation.strikeAfter(strike);
        train(simulation);
        simulation.check();
        assertThat(simulation.secret("adaptive").ledger().clients())
            .isEqualTo(Map.of("a", 1L, "b", 2L, "c", 1L, "d", 1L, "e", 1L));
        assertThat(simulation.secret("drawn").ledger().everybody()).isEqualTo(1);
        if (simulation.killed() == 0) {
          assertThat(strike).isGreaterThan(200);
          return;
        }
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("a kill after step %s".formatted(strike), e);
      }
    }
  }

  /** Two rounds that three updates fill, and one without a place for the third. */
  private static void train(ClusterSimulation simulation) {
    SimSecret adaptive = simulation.secret("adaptive");
    List.of("a", "b", "c").forEach(client -> send(simulation, adaptive, 0, client));
    SimSecret drawn = simulation.secret("drawn");
    List.of("a", "b").forEach(client -> send(simulation, drawn, 0, client));
    simulation.insist(
        "one too many",
        coordinator -> {
          try {
            drawn.send(coordinator, 0, "c");
            throw new AssertionError("there are two places");
          } catch (RefusedException e) {
            if (e.refusal().problem() != Problem.ROUND_CLOSED) {
              throw e;
            }
          }
        });
    List.of("b", "d", "e").forEach(client -> send(simulation, adaptive, 1, client));
  }

  private static void send(
      ClusterSimulation simulation, SimSecret model, long round, String client) {
    simulation.insist(client, coordinator -> model.send(coordinator, round, client));
  }
}
