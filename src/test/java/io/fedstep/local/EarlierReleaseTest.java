package io.fedstep.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Phase;
import io.fedstep.problem.Problem;
import io.fedstep.store.FileRange;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A data folder that release 0.1 wrote, killed with six open rounds, opens; its rounds go on, and
 * end with the bits that release 0.1 gave on a copy of the folder.
 */
class EarlierReleaseTest {
  @Test
  void folderOf01_opensWithItsOpenRounds(@TempDir Path data) throws IOException {
    unpack("/data/0.1.zip", data);
    try (Rig rig = Rig.on(data)) {
      plain(rig);
      keepsItsBytes(rig);
      doubles(rig);
      buffered(rig);
      waitsForItsDeadline(rig);
      assertThat(rig.coordinator().durableStatus("stopped").phase()).isEqualTo(Phase.STOPPED);
      assertThat(hex(rig, "stopped")).isEqualTo("000080be");
      // a share of clients without a timeout, which is refused for new models
      assertThat(rig.coordinator().spec("invited").round().participation()).isEqualTo(0.5);
    }
  }

  /** Versions of before have no metadata in their files of safetensors, those made since have. */
  private static void keepsItsBytes(Rig rig) {
    assertThat(header(rig, "plain", 4)).startsWith("{\"").doesNotContain("__metadata__");
    Version four = rig.coordinator().version("plain", 4);
    VersionInfo restored = rig.changes("plain").restore(four, Expected.ANY);
    assertThat(restored.digest()).isEqualTo(four.info().digest());
    assertThat(header(rig, "plain", restored.version()))
        .startsWith("{\"__metadata__\":{\"format\":\"pt\"},");
    rig.put("plain", restored.version(), "a", 1, 0, 0, 0);
    rig.put("plain", restored.version(), "b", 1, 0, 0, 0);
    rig.awaitVersion("plain", restored.version() + 1);
    assertThat(header(rig, "plain", restored.version() + 1)).contains("__metadata__");
    assertThat(hex(rig, "plain")).hasSize(24);
  }

  private static String header(Rig rig, String model, long version) {
    try (var whole =
        ((FileRange) rig.coordinator().version(model, version).weightBytes()).whole()) {
      var head = ByteBuffer.allocate((int) Math.min(200, whole.length()));
      whole.read(0, head);
      return new String(head.array(), 8, head.capacity() - 8, ISO_8859_1);
    }
  }

  private static void plain(Rig rig) {
    assertThat(rig.coordinator().version("plain", 3)).isNotNull();
    assertThat(rig.put("plain", 4, "a", 2, 1, 2, 3).repeated()).isTrue();
    assertThat(rig.put("plain", 0, "b", 1, 0.5, 0.25, -1.5).repeated()).isTrue(); // a pruned record
    assertThat(rig.put("plain", 3, "b", 1, 0.5, 0.25, -1.5).repeated()).isTrue();
    rig.put("plain", 4, "b", 1, -1, 0.5, 0.75);
    rig.awaitVersion("plain", 5);
    assertThat(hex(rig, "plain")).isEqualTo("9eac97bfa6fb173f861c183f");
    assertThat(rig.state("plain")).contains("\"02123a3d9ad3683efe61033f\"");
  }

  private static void doubles(Rig rig) {
    assertThat(rig.put("double", 2, "b", 1, -0.1, 0.5, 0.25).repeated()).isTrue();
    rig.put("double", 2, "c", 1, 0.25, 0.125, 1);
    rig.put("double", 2, "d", 1, 9, 9, 9);
    rig.awaitVersion("double", 3);
    assertThat(hex(rig, "double")).isEqualTo("06481ce0a75fdfbfc283def60f2f0b406a903b594d030140");
    assertThat(rig.state("double")).contains("\"steps\": 3").contains("\"244b1fbaa0be953f\"");
  }

  private static void buffered(Rig rig) {
    assertThat(rig.put("buffered", 0, "a", 1, 1, 1).repeated()).isTrue();
    assertThat(rig.put("buffered", 1, "d", 2, 8, 8).repeated()).isTrue();
    rig.put("buffered", 2, "e", 1, 1, 3);
    rig.awaitVersion("buffered", 3);
    assertThat(hex(rig, "buffered")).isEqualTo("d6cd00c1d6cd08c1");
  }

  private static void waitsForItsDeadline(Rig rig) {
    assertThat(Rig.refusal(() -> rig.put("late", 0, "a", 1, 4)).problem())
        .isEqualTo(Problem.UPDATE_DIFFERS);
    rig.put("late", 0, "b", 1, 4);
    rig.awaitVersion("late", 1);
    assertThat(hex(rig, "late")).isEqualTo("000060c0");
  }

  private static String hex(Rig rig, String model) {
    return HexFormat.of().formatHex(rig.weights(model));
  }

  private static void unpack(String resource, Path folder) throws IOException {
    try (InputStream in = EarlierReleaseTest.class.getResourceAsStream(resource);
        var zip = new ZipInputStream(in)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path path = folder.resolve(entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(path);
        } else {
          Files.createDirectories(path.getParent());
          Files.write(path, zip.readAllBytes());
        }
      }
    }
  }
}
