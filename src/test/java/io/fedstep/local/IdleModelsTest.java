package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Problem;
import io.fedstep.process.BesideOthers;
import io.fedstep.vector.Dtype;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Models hold files open only while something happens; {@code /proc} tells which. */
@BesideOthers
@EnabledOnOs(OS.LINUX)
class IdleModelsTest {
  private static final int MODELS = 300;
  private static final String M = "toy";

  /** The names of the files of a data folder that this process has open, the lock apart. */
  private static List<String> open(Path data) {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors
          .flatMap(IdleModelsTest::target)
          .filter(file -> file.startsWith(data) && !file.endsWith("lock"))
          .map(file -> file.getFileName().toString())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<Path> target(Path descriptor) {
    try {
      return Stream.of(Files.readSymbolicLink(descriptor));
    } catch (IOException e) {
      return Stream.empty(); // closed since it was listed
    }
  }

  @Test
  void models_whereNothingHappens_holdNoFiles(@TempDir Path data) {
    Rig rig = Rig.on(data);
    try {
      for (int i = 0; i < MODELS; i++) {
        rig.create(M + i, Rig.plain(2, 2, 2));
      }
      assertThat(open(data)).isEmpty();
      for (int i = 0; i < MODELS; i++) {
        rig.put(M + i, 0, "alice", 1, i, 1);
      }
      assertThat(open(data)).as("with an update in each open round").isEmpty();
      rig = rig.restarted();
      assertThat(open(data)).as("after a restart").isEmpty();
      for (int i = 0; i < MODELS; i++) {
        rig.put(M + i, 0, "bob", 1, i + 2, 3);
        rig.awaitVersion(M + i, 1);
        rig.settle(M + i);
        assertThat(rig.weights(M + i)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -i - 1, -2));
      }
      assertThat(open(data)).as("after a round").isEmpty();
    } finally {
      rig.close();
    }
  }

  @Test
  void matrix_staysOpen_untilTheLastUploadIsOver(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(1, 1, 1));
      Upload late = rig.coordinator().begin(M, 0, "late", null);
      assertThat(open(data)).as("before its first number").isEmpty();
      late.sink().write(0, ByteBuffer.wrap(Rig.bytes(Dtype.FLOAT32, 7)));
      assertThat(open(data)).containsExactly("updates.bin");
      rig.advance(M, 1); // the matrix is the next round's by now
      rig.advance(M, 2);
      rig.settle(M);
      assertThat(open(data)).containsExactly("updates.bin");
      assertThat(Rig.refusal(() -> Rig.submit(late, 1, 7)).problem())
          .isEqualTo(Problem.ROUND_CLOSED);
      late.close();
      assertThat(open(data)).isEmpty();
      rig.advance(M, 3);
      assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -6));
    }
  }
}
