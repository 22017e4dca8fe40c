package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.InMemory;
import io.fedstep.store.SimDisk;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What was acknowledged in any stage of a round survives every crash, and a round goes on in the
 * stage in which it was: {@link CrashTest} for rounds of several stages, with its settings.
 */
@BesideOthers
@Order(6)
class StagedCrashTest {
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final long FIRST = Long.getLong("sim.seed", 1);
  private static final int SEEDS = Integer.getInteger("sim.seeds", LONG ? 200 : 3);
  private static final int STEPS = Integer.getInteger("sim.steps", LONG ? 1000 : 300);

  /**
   * A round whose roster is fixed by its deadline, one that is abandoned, and one whose stages are
   * full or ended by hand; with messages that are repeated, late, early, or a stranger's.
   */
  private static final List<String> ROUNDS =
      Stream.of(
              "0 ann, 0 ben, 0 ann, +31, 1 dua, 1 ann, 0 cem, 2 ann, 1 ben, 2 ann, 0 ann, 2 ben",
              "0 ann, 0 ben, 0 cem, 1 cem, 1 cem, +41",
              "0 ann, 0 ben, 0 cem, 1 ann, end, 1 ben, end, 2 cem, 2 ben, end, 2 ann")
          .flatMap(round -> Stream.of(round.split(", ", -1)))
          .toList();

  static LongStream seeds() {
    return LongStream.range(FIRST, FIRST + SEEDS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void crashes_loseNothingAcknowledged(long seed, @TempDir(factory = InMemory.class) Path folder) {
    try (var simulation = new StagedSimulation(folder, seed)) {
      simulation.server().crashing(6);
      for (int step = 0; step < STEPS; step++) {
        run(simulation, simulation::step, "seed %s, step %s".formatted(seed, step));
      }
      simulation.restart();
      System.out.printf(
          "seed %s: rounds %s, %s lives%n",
          seed, simulation.outcomes(), simulation.server().lives());
      assertThat(simulation.outcomes()).containsKey(RoundRecord.Outcome.COMPLETED);
    }
  }

  private static void run(StagedSimulation simulation, Runnable step, String where) {
    simulation.server().run(step, where, simulation::doing);
  }

  /** The same requests again and again, with a failure at one operation after the other. */
  @ParameterizedTest
  @EnumSource(SimDisk.Fault.class)
  void failureAtEveryOperation_losesNothing(
      SimDisk.Fault fault, @TempDir(factory = InMemory.class) Path folder) {
    boolean isCrash = fault == SimDisk.Fault.POWER || fault == SimDisk.Fault.KILL;
    for (int operation = 0; ; operation += isCrash || LONG ? 1 : 7) {
      try (var simulation = new StagedSimulation(folder.resolve("at-" + operation), FIRST + 41)) {
        boolean lasting = fault == SimDisk.Fault.NO_RIGHTS || fault == SimDisk.Fault.FULL;
        simulation.server().fail(fault, operation, lasting);
        for (String request : ROUNDS) {
          run(
              simulation,
              () -> simulation.step(request),
              "%s at operation %s".formatted(fault, operation));
        }
        boolean failed = simulation.hasFailed();
        simulation.restart();
        if (!failed) {
          System.out.printf(
              "%s at each of %s operations, rounds %s%n", fault, operation, simulation.outcomes());
          assertThat(simulation.outcomes())
              .containsOnly(
                  Map.entry(RoundRecord.Outcome.COMPLETED, 2),
                  Map.entry(RoundRecord.Outcome.ABANDONED, 1));
          return;
        }
      }
    }
  }
}
