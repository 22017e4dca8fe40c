package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.Phase;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Protocol;
import io.fedstep.store.DataFolder;
import io.fedstep.store.SimDisk;
import io.fedstep.store.StorageException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A server on a simulated disk, and the lives that it has there: at each crash another one begins
 * on what the last has left. Its models' threads are waited for, so that a seed gives the same
 * operations on the disk.
 */
final class SimServer implements AutoCloseable {
  private final Path folder;
  private final Random faults;
  private final Limits limits;
  private final Function<ModelSpec, Protocol> protocols;
  private final FakeClock clock = new FakeClock();
  private SimDisk disk;
  private SimScheduler alarms;
  private Coordinator coordinator;
  private int lives;
  private int incarnations;

  /** Chance of a crash to be prepared before a request, in percent. */
  private int crashes;

  private SimDisk.Fault crash = SimDisk.Fault.POWER;

  /** Requests after which the disk is healed that is failing. */
  private int failing;

  private boolean healed;

  @SuppressWarnings("NullAway.Init") // by start()
  SimServer(Path folder, Random faults, Limits limits, Function<ModelSpec, Protocol> protocols) {
    this.folder = folder;
    this.faults = faults;
    this.limits = limits;
    this.protocols = protocols;
    disk = SimDisk.in(life(), faults);
    start();
  }

  /** Runs a step of a simulation; where it fails, the error says what was going on. */
  void run(Runnable step, String where, Supplier<String> doing) {
    try {
      step.run();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(
          "%s: %s; last failure of the disk: %s".formatted(where, doing.get(), disk.where()), e);
    }
  }

  Coordinator coordinator() {
    return coordinator;
  }

  SimDisk disk() {
    return disk;
  }

  int lives() {
    return lives;
  }

  /** The kind of the last failure. */
  SimDisk.Fault crash() {
    return crash;
  }

  /** Whether the disk has failed so far. */
  boolean hasFailed() {
    return lives > 1 || healed || disk.struck();
  }

  private Path life() {
    return folder.resolve("life-" + lives++);
  }

  /** The incarnation of the next model. */
  String nextIncarnation() {
    return HexFormat.of().toHexDigits(incarnations);
  }

  // Lives

  private void start() {
    while (true) {
      try {
        alarms = new SimScheduler(clock);
        coordinator = coordinator(new DataFolder(disk.disk(), disk.root()));
        settle();
        if (!disk.dead()) {
          return;
        }
        coordinator.close();
      } catch (StorageException e) {
        if (!disk.struck()) {
          throw e;
        }
        if (passes()) {
          disk.heal(); // a server without the right to its folder does not start
        }
      }
      if (disk.dead()) {
        disk = next();
      } // else somebody starts it again
    }
  }

  /** One that fails at start leaves the folder to the next, as the end of its process would. */
  private Coordinator coordinator(DataFolder data) {
    try {
      return new LocalCoordinator(
          data,
          limits,
          clock,
          alarms,
          () -> HexFormat.of().toHexDigits(incarnations++),
          Listener.NONE,
          protocols);
    } catch (StorageException e) {
      data.close();
      throw e;
    }
  }

  private SimDisk next() {
    SimDisk next =
        crash == SimDisk.Fault.POWER ? disk.afterPowerLoss(life()) : disk.afterKill(life());
    if (faults.nextInt(100) < crashes) {
      arm(next);
    }
    return next;
  }

  /** Has power fail, or the process be killed, before so many requests of a hundred. */
  void crashing(int percent) {
    crashes = percent;
  }

  /** Prepares a crash, or not. */
  void armByChance() {
    if (faults.nextInt(100) < crashes && !disk.dead()) {
      arm(disk);
    }
  }

  private void arm(SimDisk victim) {
    crash = faults.nextInt(3) == 0 ? SimDisk.Fault.KILL : SimDisk.Fault.POWER;
    victim.fail(crash, faults.nextInt(60), false);
  }

  /** Has the disk fail at one operation to come, or from there on during three requests. */
  void fail(SimDisk.Fault fault, long skipped, boolean lasting) {
    crash = fault;
    disk.fail(fault, skipped, lasting);
    failing = lasting ? 3 : 1;
  }

  /** Goes on after the disk is dead. */
  void recover() {
    coordinator.close();
    disk = next();
    start();
  }

  /** Ends the server and starts it on the same disk, or on what a crash has left of it. */
  void restart() {
    coordinator.close();
    if (disk.dead()) {
      disk = next();
    }
    start();
  }

  /** Whether a failing disk, which was asked once more, is to be healed now. */
  boolean failsNoMore() {
    return --failing == 0;
  }

  /**
   * Heals the disk. After an error one model is stopped at most; after want of room, none is.
   *
   * @return the models that are stopped
   */
  Set<String> heal() {
    healed = true;
    disk.heal();
    settle();
    advance(Duration.ofSeconds(6));
    settle();
    var stopped = new TreeSet<String>();
    for (String name : coordinator.models()) {
      if (coordinator.brokenBy(name) != null || coordinator.status(name).phase() == Phase.FAILED) {
        stopped.add(name);
        assertThatThrownBy(() -> coordinator.spec(name))
            .isInstanceOf(RefusedException.class)
            .hasMessageContaining("model-failed")
            .hasMessageNotContaining(disk.root().toString());
      }
    }
    assertThat(stopped).hasSizeLessThanOrEqualTo(crash == SimDisk.Fault.IO_ERROR ? 1 : 0);
    return stopped;
  }

  /** Whether what failed last may succeed later. */
  boolean passes() {
    return crash == SimDisk.Fault.FULL || crash == SimDisk.Fault.NO_RIGHTS;
  }

  /** Whether an error has struck. */
  boolean failed() {
    return disk.struck() && crash == SimDisk.Fault.IO_ERROR;
  }

  // Requests

  /** Lets time go on. */
  void advance(Duration time) {
    clock.advance(time);
    alarms.ring();
  }

  /** Waits until the threads of all models have done everything that was asked of them. */
  void settle() {
    coordinator.models().forEach(this::settle);
  }

  /** The same for one model. */
  void settle(String model) {
    try {
      long newest = coordinator.status(model).newest().version();
      coordinator
          .changes(model)
          .restore(coordinator.version(model, newest), new Expected(-1L, null));
    } catch (RefusedException e) {
      // always: there is no version -1
    }
  }

  /** Does what may be refused for a reason of its own, or because of the disk. */
  void request(Runnable request) {
    try {
      request.run();
    } catch (RefusedException e) {
      if (!allowed(e)) {
        throw e;
      }
    } catch (StorageException e) {
      if (!disk.struck()) {
        throw e;
      }
    }
  }

  private boolean allowed(RefusedException refused) {
    return switch (refused.refusal().problem()) {
      case MODEL_FAILED, STORAGE_FULL, NOT_READY -> disk.struck();
      case TRAINING_STOPPED, TOO_FEW_UPDATES, ROUND_CLOSED, VERSION_NOT_FOUND -> true;
      default -> false;
    };
  }

  @Override
  public void close() {
    coordinator.close();
  }
}
