package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.process.BesideOthers;
import io.fedstep.store.InMemory;
import io.fedstep.store.SimDisk;
import io.fedstep.store.StorageException;
import io.fedstep.vector.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A model that begins from another one's version is there whole, or not at all. */
@BesideOthers
class CopyTest {
  private static final String M = "one";
  private static final String COPY = "two";
  private static final String REQUEST = "{\"from\": {\"model\": \"one\", \"version\": 1}}";

  @TempDir(factory = InMemory.class)
  private Path folder;

  private static void check(Rig rig) {
    assertThat(rig.weights(COPY)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -1));
    assertThat(rig.coordinator().versions(COPY)).hasSize(1);
    rig.advance(COPY, 1);
    assertThat(rig.weights(COPY)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -2));
    assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -1));
  }

  @ParameterizedTest
  @EnumSource(
      value = SimDisk.Fault.class,
      names = {"POWER", "KILL", "FULL", "IO_ERROR"})
  void faultAtEveryOperation_leavesAWholeModelOrNone(SimDisk.Fault fault) {
    int operation = 0;
    while (isStruck(fault, operation)) {
      operation++;
    }
    assertThat(operation).isGreaterThan(20);
  }

  private boolean isStruck(SimDisk.Fault fault, int operation) {
    Path place = folder.resolve("at-" + operation);
    SimDisk disk = SimDisk.in(place.resolve("data"), new Random(operation));
    Rig rig = Rig.on(disk.disk(), disk.root(), Rig.LIMITS);
    rig.create(M, Rig.plain(1, 1, 1));
    rig.advance(M, 1);
    disk.fail(fault, operation, false);
    boolean made = false;
    try {
      made = rig.copy(COPY, REQUEST).isNew();
    } catch (RefusedException | StorageException e) {
      assertThat(disk.struck()).isTrue();
    }
    boolean struck = disk.struck();
    if (struck && fault != SimDisk.Fault.FULL) {
      rig.close();
      if (disk.dead()) {
        disk =
            fault == SimDisk.Fault.POWER
                ? disk.afterPowerLoss(place.resolve("next"))
                : disk.afterKill(place.resolve("next"));
      }
      disk.heal();
      rig = Rig.on(disk.disk(), disk.root(), Rig.LIMITS);
    }
    disk.heal();
    assertThat(!made || rig.coordinator().models().contains(COPY)).isTrue();
    var again = rig.copy(COPY, REQUEST);
    assertThat(again.isNew() && made).isFalse();
    check(rig);
    rig.close();
    return struck;
  }

  @Test
  void corruptSource_isNamed_andNothingIsLeft() throws IOException {
    try (Rig rig = Rig.on(folder.resolve("data"))) {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.advance(M, 1);
      Path weights = rig.folder(M).resolve("versions/0000001/weights.safetensors");
      byte[] bytes = Files.readAllBytes(weights);
      bytes[bytes.length - 1] ^= 1;
      Files.write(weights, bytes);
      assertThat(Rig.refusal(() -> rig.copy(COPY, REQUEST)).detail())
          .contains("versions/0000001/weights.safetensors is corrupt");
      assertThat(rig.coordinator().models()).containsExactly(M);
      assertThat(folder.resolve("data/trash")).isEmptyDirectory();
      rig.create(COPY, Rig.plain(1, 1, 1));
    }
  }

  @Test
  void copyWithoutItsFirstVersion_isCorrupt() {
    Rig rig = Rig.on(folder.resolve("data"));
    rig.create(M, Rig.plain(1, 1, 1));
    rig.advance(M, 1);
    rig.copy(COPY, REQUEST);
    rig.close();
    Rig.remove(rig.folder(COPY).resolve("versions/0000000"));
    try (Rig after = rig.restarted()) {
      assertThat(after.coordinator().brokenBy(COPY)).contains("version 0, which was copied");
      assertThat(Rig.refusal(() -> after.copy(COPY, REQUEST)).problem())
          .isEqualTo(Problem.MODEL_FAILED);
    }
  }
}
