package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import io.fedstep.store.InMemory;
import io.fedstep.store.SimDisk;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What was acknowledged survives every crash, and every version is what its record says; a server
 * on a disk that loses what was not forced. {@code -Dsim.seed}, {@code -Dsim.seeds} and {@code
 * -Dsim.steps} say which runs; {@code -Plong} takes thousands of rounds.
 */
@BesideOthers
@Order(5)
class CrashTest {
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final long FIRST = Long.getLong("sim.seed", 1);
  private static final int SEEDS = Integer.getInteger("sim.seeds", LONG ? 200 : 3);
  private static final int STEPS = Integer.getInteger("sim.steps", LONG ? 1000 : 250);

  static LongStream seeds() {
    return LongStream.range(FIRST, FIRST + SEEDS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void crashes_loseNothingAcknowledged(long seed, @TempDir(factory = InMemory.class) Path folder) {
    try (var simulation = new Simulation(folder, seed)) {
      simulation.crashing(8);
      for (int step = 0; step < STEPS; step++) {
        run(simulation, "seed %s, step %s".formatted(seed, step));
      }
      simulation.restart();
      System.out.printf(
          "seed %s: %s rounds, %s lives%n", seed, simulation.rounds(), simulation.lives());
    }
  }

  static void run(Simulation simulation, String where) {
    simulation.server().run(simulation::step, where, simulation::doing);
  }

  /** The same requests again and again, with a crash at one operation after the other. */
  @ParameterizedTest
  @EnumSource(
      value = SimDisk.Fault.class,
      names = {"POWER", "KILL"})
  void crashAtEveryOperation_losesNothing(
      SimDisk.Fault fault, @TempDir(factory = InMemory.class) Path folder) {
    assertThat(atEveryOperation(fault, false, folder)).isGreaterThan(10);
  }

  /** An error stops the model that it hit and no other; started again, everything is there. */
  @Test
  void errorAtEveryOperation_stopsOneModelAtMost(@TempDir(factory = InMemory.class) Path folder) {
    assertThat(atEveryOperation(SimDisk.Fault.IO_ERROR, false, folder)).isGreaterThan(10);
  }

  /** Want of room stops nothing, and what is refused for it can be asked for again. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void fullDiskAtEveryOperation_stopsNothing(
      boolean lasting, @TempDir(factory = InMemory.class) Path folder) {
    assertThat(atEveryOperation(SimDisk.Fault.FULL, lasting, folder)).isGreaterThan(10);
  }

  /** Want of rights stops nothing, and what is refused for it can be asked for again. */
  @Test
  void noRightsFromEveryOperationOn_stopsNothing(@TempDir(factory = InMemory.class) Path folder) {
    assertThat(atEveryOperation(SimDisk.Fault.NO_RIGHTS, true, folder)).isGreaterThan(10);
  }

  private static int atEveryOperation(SimDisk.Fault fault, boolean lasting, Path folder) {
    for (int operation = 0; ; operation++) {
      try (var simulation = new Simulation(folder.resolve("at-" + operation), FIRST + 41)) {
        simulation.fail(fault, operation, lasting);
        for (int step = 0; step < (LONG ? 40 : 9); step++) {
          run(simulation, "%s at operation %s, step %s".formatted(fault, operation, step));
        }
        boolean failed = simulation.hasFailed();
        simulation.restart();
        if (!failed) {
          System.out.printf("%s at each of %s operations%n", fault, operation);
          return operation;
        }
      }
    }
  }

  @Test
  void sameSeed_isTheSameRun(@TempDir(factory = InMemory.class) Path folder) {
    assertThat(trace(folder.resolve("a"))).isEqualTo(trace(folder.resolve("b")));
  }

  private static String trace(Path folder) {
    try (var simulation = new Simulation(folder, 7)) {
      simulation.crashing(20);
      var trace = new StringBuilder();
      for (int step = 0; step < 60; step++) {
        run(simulation, "step " + step);
        String where = simulation.disk().where();
        trace.append(
            "%s, %s lives, %s rounds, %s%n"
                .formatted(
                    simulation.doing(),
                    simulation.lives(),
                    simulation.rounds(),
                    where.substring(where.lastIndexOf('/') + 1)));
      }
      return trace.toString();
    }
  }
}
