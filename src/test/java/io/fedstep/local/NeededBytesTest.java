package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What open rounds and their versions still need on the disk. */
class NeededBytesTest {
  private static final String M = "toy";
  private static final int SIZE = 1000;
  private static final long ROW = 4 * SIZE;

  private static long needed(Rig rig) {
    rig.settle(M); // a close prunes behind its answer
    return rig.coordinator().neededBytes();
  }

  private static long bytes(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
  }

  @Test
  void openRound_needsWhatItsVersionAndUpdatesWillTake(@TempDir Path data) throws IOException {
    try (Rig rig = Rig.on(data, new Limits(1, 1, 10_000, 10, 10, 10, 10, 1))) {
      assertThat(rig.coordinator().neededBytes()).isZero();
      rig.create(M, Rig.rmsprop("float32", SIZE, 2));
      long empty = needed(rig);
      rig.put(M, 0, "alice", 1, new double[SIZE]);
      assertThat(needed(rig)).isEqualTo(empty - ROW);
      rig.put(M, 0, "bob", 1, new double[SIZE]);
      rig.awaitVersion(M, 1);
      long version = needed(rig); // the rows are there and stay
      assertThat(version).isEqualTo(empty - 2 * ROW);
      assertThat(bytes(rig.folder(M).resolve("versions"))).isBetween(version, version + 4096);

      rig.changes(M).stop();
      assertThat(rig.coordinator().neededBytes()).isZero();
      rig.changes(M).start();
      assertThat(needed(rig)).isEqualTo(version);

      rig.put(M, 1, "alice", 1, new double[SIZE]);
      rig.put(M, 1, "bob", 1, new double[SIZE]);
      rig.awaitVersion(M, 2);
      assertThat(needed(rig)).isZero(); // version 1 is kept no more, and is written over
    }
  }
}
