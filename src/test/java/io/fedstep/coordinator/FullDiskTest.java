package io.fedstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.model.RoundPolicy;
import io.fedstep.problem.Problem;
import io.fedstep.vector.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A disk without room refuses what needs room and stops nothing; {@code /dev/full} is one. */
@EnabledOnOs(OS.LINUX)
class FullDiskTest {
  private static final Path FULL = Path.of("/dev/full");
  private static final String M = "toy";

  @Test
  void change_isRefused_andTheModelIsAsItWas(@TempDir Path data) throws IOException {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(1, 2, 2));
      Path fresh = rig.folder(M).resolve("model.json.new");
      Files.createSymbolicLink(fresh, FULL);
      var policy = new RoundPolicy(1, 1, null, null);
      assertThat(Rig.refusal(() -> rig.changes(M).setPolicy(policy)).problem())
          .isEqualTo(Problem.STORAGE_FULL);
      assertThat(rig.coordinator().spec(M).round().maxUpdates()).isEqualTo(2);
      Files.delete(fresh);
      rig.put(M, 0, "alice", 1, 1);
      rig.changes(M).setPolicy(policy);
      rig.awaitVersion(M, 1);
    }
  }

  @Test
  void oldVersions_areKeptForAWhile(@TempDir Path data) throws IOException {
    try (Rig rig = Rig.on(data, new Limits(1, 1, 10, 100, 10, 100, 1000, 1))) {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.advance(M, 1);
      Path record = rig.folder(M).resolve("rounds/0000000.json.new");
      Files.createSymbolicLink(record, FULL);
      rig.advance(M, 1);
      rig.advance(M, 1);
      rig.settle(M);
      assertThat(rig.coordinator().versions(M)).hasSize(3);
      Files.delete(record);
      rig.advance(M, 1);
      rig.settle(M);
      assertThat(rig.coordinator().versions(M)).hasSize(1);
      assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -4));
    }
  }
}
