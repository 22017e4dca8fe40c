package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.fedstep.LogLines;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Phase;
import io.fedstep.model.RoundPolicy;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.SimDisk;
import io.fedstep.vector.Dtype;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk that takes nothing for now refuses what needs it and stops nothing. */
class FullDiskTest {
  private static final String M = "toy";

  @ParameterizedTest
  @EnumSource(names = {"FULL", "NO_RIGHTS"})
  void change_isRefused_andTheModelIsAsItWas(SimDisk.Fault fault, @TempDir Path folder) {
    SimDisk disk = SimDisk.in(folder.resolve("data"), new Random(1));
    try (Rig rig = Rig.on(disk.disk(), disk.root(), Rig.LIMITS)) {
      rig.create(M, Rig.plain(1, 2, 2));
      disk.fail(fault, "model.json.new");
      var policy = new RoundPolicy(1, 1, null, null);
      Refusal refusal = Rig.refusal(() -> rig.changes(M).setPolicy(policy));
      assertThat(refusal.problem())
          .isEqualTo(fault == SimDisk.Fault.FULL ? Problem.STORAGE_FULL : Problem.NOT_READY);
      assertThat(refusal.detail()).doesNotContain(folder.toString());
      assertThat(rig.coordinator().spec(M).round().maxUpdates()).isEqualTo(2);
      disk.heal();
      rig.put(M, 0, "alice", 1, 1);
      rig.changes(M).setPolicy(policy);
      rig.awaitVersion(M, 1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"weights.safetensors", "journal.jsonl.new"})
  void closeWithoutRoom_saysWhy_andLogsIt_once(String file, @TempDir Path folder) {
    SimDisk disk = SimDisk.in(folder.resolve("data"), new Random(1));
    try (var log = LogLines.of("io.fedstep.coordinator", Level.WARN);
        Rig rig = Rig.keeping(Duration.ofHours(1), disk.disk(), disk.root(), Rig.LIMITS)) {
      rig.create(M, Rig.plain(1, 1, 1));
      assertThat(rig.coordinator().failure(M)).isNull();
      disk.fail(SimDisk.Fault.FULL, file);
      rig.put(M, 0, "alice", 1, 1);
      assertWaitsForRoom(rig);
      for (int retries = 0; retries < 2; retries++) {
        rig.pass(Duration.ofSeconds(6));
        assertWaitsForRoom(rig);
      }
      disk.heal();
      rig.pass(Duration.ofSeconds(6));
      rig.awaitVersion(M, 1);
      assertThat(rig.coordinator().failure(M)).isNull();
      assertThat(log.lines(folder)).singleElement().asString().contains("No space left on device");
    }
  }

  /** Asked behind the last try: the alarm for the next one is set. */
  private static void assertWaitsForRoom(Rig rig) {
    assertThat(Rig.refusal(() -> rig.settle(M)).problem()).isEqualTo(Problem.STORAGE_FULL);
    assertThat(rig.coordinator().status(M).phase()).isEqualTo(Phase.CLOSING);
    assertThat(rig.coordinator().failure(M))
        .isEqualTo(
            "Round 0 is closed, and its version waits: There is no room left on the server's disk.");
  }

  @Test
  void oldVersions_areKeptForAWhile(@TempDir Path folder) {
    SimDisk disk = SimDisk.in(folder.resolve("data"), new Random(1));
    try (Rig rig = Rig.on(disk.disk(), disk.root(), new Limits(1, 1, 10, 100, 10, 100, 1000, 1))) {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.advance(M, 1);
      disk.fail(SimDisk.Fault.FULL, "rounds/0000000.json.new");
      rig.advance(M, 1);
      rig.advance(M, 1);
      rig.settle(M);
      assertThat(rig.coordinator().versions(M)).hasSize(3);
      disk.heal();
      rig.advance(M, 1);
      rig.settle(M);
      assertThat(rig.coordinator().versions(M)).hasSize(1);
      assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -4));
    }
  }
}
