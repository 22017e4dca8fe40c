package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Limits;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.store.Deleted;
import io.fedstep.store.SimDisk;
import io.fedstep.store.StorageException;
import io.fedstep.store.Unforced;
import io.fedstep.vector.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A deleted model is kept for a while, and comes back as it was. */
class UndeleteTest {
  private static final String M = "toy";
  private static final Duration KEPT = Duration.ofMinutes(1);

  @TempDir private Path folder;

  private Rig rig() {
    return Rig.keeping(KEPT, Unforced.disk(), folder.resolve("data"), Rig.LIMITS);
  }

  private SimDisk simulated() {
    return SimDisk.in(folder.resolve("data"), new Random(1));
  }

  private static Rig on(SimDisk disk) {
    return Rig.keeping(KEPT, disk.disk(), disk.root(), Rig.LIMITS);
  }

  private static List<String> deleted(Rig rig) {
    return rig.coordinator().deleted().stream().map(Deleted::model).toList();
  }

  private List<String> inTrash() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("data/trash"))) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static Problem refused(Runnable call) {
    return Rig.refusal(call::run).problem();
  }

  @Test
  void deletedModel_comesBackAsItWas_withItsOpenRound() {
    try (Rig rig = rig()) {
      rig.create(M, Rig.plain(1, 2, 2));
      rig.put(M, 0, "alice", 1, 1);
      rig.put(M, 0, "bob", 1, 3);
      rig.awaitVersion(M, 1);
      rig.put(M, 1, "alice", 1, 5);
      String base = rig.coordinator().status(M).newest().base();
      rig.coordinator().delete(M);
      assertThat(rig.coordinator().models()).isEmpty();
      assertThat(refused(() -> rig.coordinator().spec(M))).isEqualTo(Problem.MODEL_NOT_FOUND);
      Deleted kept = rig.coordinator().deleted().getFirst();
      assertThat(kept.model()).isEqualTo(M);
      assertThat(kept.version()).isEqualTo(1);
      assertThat(kept.at()).isEqualTo(FakeClock.START);
      assertThat(kept.bytes()).isGreaterThan(1000);

      rig.coordinator().undelete(M);
      assertThat(deleted(rig)).isEmpty();
      assertThat(rig.coordinator().status(M).newest().base()).isEqualTo(base);
      assertThat(rig.put(M, 1, "alice", 1, 5).repeated()).isTrue();
      rig.put(M, 1, "bob", 1, 7);
      rig.awaitVersion(M, 2);
      assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -8));
    }
  }

  @Test
  void deletedModel_isKeptOverARestart_andNoLongerThanItsTime() throws IOException {
    Rig rig = rig();
    rig.create(M, Rig.plain(1, 1, 1));
    rig.coordinator().delete(M);
    rig.pass(KEPT.minusSeconds(1));
    rig = rig.restarted();
    assertThat(deleted(rig)).containsExactly(M);
    rig.pass(Duration.ofSeconds(31)); // the next look
    assertThat(deleted(rig)).isEmpty();
    assertThat(inTrash()).isEmpty();
    Rig late = rig;
    assertThat(refused(() -> late.coordinator().undelete(M))).isEqualTo(Problem.MODEL_NOT_FOUND);
    late.close();
  }

  @Test
  void noTime_removesAtOnce() throws IOException {
    try (Rig rig = Rig.on(folder.resolve("data"))) {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.coordinator().delete(M);
      assertThat(deleted(rig)).isEmpty();
      assertThat(inTrash()).isEmpty();
    }
  }

  @Test
  void lastOfSeveral_comesBack() {
    try (Rig rig = rig()) {
      for (int size : List.of(1, 2, 3)) {
        rig.create(M, Rig.plain(size, 1, 1));
        rig.coordinator().delete(M); // all in one millisecond
      }
      assertThat(deleted(rig)).containsExactly(M, M, M);
      rig.coordinator().undelete(M);
      assertThat(rig.coordinator().spec(M).parameters()).isEqualTo(3);
      assertThat(refused(() -> rig.coordinator().undelete(M))).isEqualTo(Problem.MODEL_EXISTS);
      assertThat(deleted(rig)).containsExactly(M, M);
    }
  }

  @Test
  void deletedModels_areBounded() {
    var limits = new Limits(1, 1, 10, 2, 10, 10, 10, 1);
    try (Rig rig = Rig.keeping(KEPT, Unforced.disk(), folder.resolve("data"), limits)) {
      for (String model : List.of("a", "b", "c")) {
        rig.create(model, Rig.plain(1, 1, 1));
        rig.coordinator().delete(model);
      }
      assertThat(deleted(rig)).containsExactly("c", "b");
      rig.create("d", Rig.plain(1, 1, 1));
      rig.coordinator().undelete("b");
      assertThat(refused(() -> rig.coordinator().undelete("c")))
          .isEqualTo(Problem.TOO_MANY_REQUESTS);
      assertThat(deleted(rig)).containsExactly("c");
    }
  }

  @Test
  void modelThatCannotBeRead_comesBackAsThat() throws IOException {
    try (Rig rig = rig()) {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.coordinator().delete(M);
      Path head = folder.resolve("data/trash").resolve(inTrash().getFirst()).resolve("model.json");
      Files.writeString(head, Files.readString(head).replace("float32", "float64"));
      rig.coordinator().undelete(M);
      assertThat(rig.coordinator().brokenBy(M)).contains("model.json is corrupt");
      rig.coordinator().delete(M);
      assertThat(deleted(rig)).containsExactly(M);
    }
  }

  // A folder in the way

  @Test
  void folderPutBackByHand_isNotReplaced() throws IOException {
    Rig rig = rig();
    rig.create(M, Rig.plain(1, 2, 2));
    rig.put(M, 0, "alice", 1, 1);
    rig.coordinator().delete(M);
    Path place = rig.folder(M);
    Rig.copy(folder.resolve("data/trash").resolve(inTrash().getFirst()), place);
    Rig running = rig;
    for (Runnable request :
        List.<Runnable>of(
            () -> running.create(M, Rig.plain(1, 2, 2)), () -> running.coordinator().undelete(M))) {
      Refusal refusal = Rig.refusal(request::run);
      assertThat(refusal.problem()).isEqualTo(Problem.MODEL_EXISTS);
      assertThat(refusal.detail()).contains("A folder called 'toy' lies among the models'");
    }
    assertThat(place.resolve("open/0000000/updates.bin")).exists();
    rig = rig.restarted();
    assertThat(rig.coordinator().rounds().update(M, 0, "alice")).isNotNull();
    rig.close();
  }

  /**
   * Want of room lasts from one operation of a creation on: what it made is no folder in the way.
   */
  @Test
  void creationThatFoundNoRoom_canBeAskedForAgain() {
    boolean struck = true;
    for (int operation = 0; struck; operation++) {
      Path place = folder.resolve("at-" + operation);
      SimDisk disk = SimDisk.in(place, new Random(1));
      try (Rig rig = on(disk)) {
        disk.fail(SimDisk.Fault.FULL, operation, true);
        try {
          rig.create(M, Rig.plain(1, 1, 1));
        } catch (StorageException e) {
          assertThat(disk.struck()).isTrue();
        }
        struck = disk.struck();
        disk.heal();
        if (struck) {
          rig.create(M, Rig.plain(1, 1, 1));
        }
        rig.advance(M, 1);
        assertThat(deleted(rig)).isEmpty();
      }
    }
  }

  // A full disk

  @Test
  void fullDisk_takesTheRoomOfWhatWasDeletedFirst() {
    SimDisk disk = simulated();
    try (Rig rig = on(disk)) {
      for (String model : List.of("a", "b", "c")) {
        rig.create(model, Rig.plain(1, 1, 1));
        rig.coordinator().delete(model);
      }
      rig.create(M, Rig.plain(1, 1, 1));
      disk.fail(SimDisk.Fault.FULL, 0, false);
      rig.put(M, 0, "alice", 1, 1);
      assertThat(disk.struck()).isTrue();
      rig.awaitVersion(M, 1);
      assertThat(deleted(rig)).containsExactly("c", "b");
      disk.fail(SimDisk.Fault.FULL, 0, true);
      assertThat(refused(() -> rig.put(M, 1, "alice", 1, 1))).isEqualTo(Problem.STORAGE_FULL);
      assertThat(deleted(rig)).isEmpty();
      disk.heal();
      rig.put(M, 1, "alice", 1, 1);
      rig.awaitVersion(M, 2);
    }
  }

  // Crashes

  private enum State {
    THERE,
    DELETED,
    GONE
  }

  private record Step(Runnable request, State after) {}

  @ParameterizedTest
  @EnumSource(
      value = SimDisk.Fault.class,
      names = {"POWER", "KILL", "FULL"})
  void faultAtEveryOperation_leavesTheModelThereOrDeleted(SimDisk.Fault fault) {
    int operation = 0;
    while (isStruck(fault, operation)) {
      operation++;
    }
    assertThat(operation).isGreaterThan(fault == SimDisk.Fault.FULL ? 2 : 20);
  }

  private boolean isStruck(SimDisk.Fault fault, int operation) {
    Path place = folder.resolve("at-" + operation);
    SimDisk disk = SimDisk.in(place.resolve("data"), new Random(operation));
    Rig rig = on(disk);
    rig.create(M, Rig.plain(1, 2, 2));
    rig.put(M, 0, "alice", 1, 1);
    disk.fail(fault, operation, false);
    Set<State> possible = perform(rig, disk);
    boolean struck = disk.struck();
    if (disk.dead()) {
      rig.close();
      disk =
          fault == SimDisk.Fault.POWER
              ? disk.afterPowerLoss(place.resolve("next"))
              : disk.afterKill(place.resolve("next"));
      rig = on(disk);
    }
    disk.heal();
    assertThat(possible).as("operation %s, %s", operation, disk.where()).contains(state(rig));
    if (state(rig) == State.DELETED) {
      rig.coordinator().undelete(M);
    }
    if (state(rig) == State.THERE) {
      rig.put(M, 0, "bob", 1, 3);
      rig.awaitVersion(M, 1);
      assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -2));
    } else {
      rig.create(M, Rig.plain(1, 1, 1));
    }
    rig.close();
    return struck;
  }

  private static Set<State> perform(Rig rig, SimDisk disk) {
    State state = State.THERE;
    for (Step step :
        List.of(
            new Step(() -> rig.coordinator().delete(M), State.DELETED),
            new Step(() -> rig.coordinator().undelete(M), State.THERE),
            new Step(() -> rig.coordinator().delete(M), State.DELETED),
            new Step(() -> rig.pass(KEPT), State.GONE))) {
      try {
        step.request().run();
      } catch (RefusedException | StorageException e) {
        assertThat(disk.struck()).isTrue();
      }
      if (disk.struck()) {
        return Set.of(state, step.after());
      }
      state = step.after();
    }
    return Set.of(state);
  }

  private static State state(Rig rig) {
    boolean isThere = rig.coordinator().models().contains(M);
    assertThat(isThere && deleted(rig).contains(M)).isFalse();
    return isThere ? State.THERE : deleted(rig).isEmpty() ? State.GONE : State.DELETED;
  }
}
