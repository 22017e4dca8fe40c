package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.fedstep.LogLines;
import io.fedstep.coordinator.Expected;
import io.fedstep.problem.Problem;
import io.fedstep.round.UpdateMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What others have put into the data folder, and what of it is theirs to read. */
class ForeignFilesTest {
  private static final String M = "toy";

  private static void fill(Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, Rig.plain(1, 2, 2));
      rig.put(M, 0, "alice", 1, 1);
      rig.put(M, 0, "bob", 1, 1);
      rig.awaitVersion(M, 1);
      rig.changes(M).report(1, "alice", UpdateMetadata.of(1, Map.of("accuracy", 0.5), null));
      rig.put(M, 1, "alice", 1, 1);
    }
  }

  /** What the log warns of in a data folder. */
  private static List<String> warnings(Path data, Runnable action) {
    try (var log = LogLines.of("io.fedstep", Level.WARN)) {
      action.run();
      return log.lines(data);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ".DS_Store",
        "notes.txt",
        "toy/reports/0000001 (copy).jsonl",
        "toy/rounds/0000000-copy.json",
        "toy/versions/.DS_Store",
        "toy/open/Thumbs.db"
      })
  void foreignName_isPassedOver_withOneWarning(String name, @TempDir Path data) throws IOException {
    fill(data);
    Path foreign = data.resolve("models").resolve(name);
    Files.writeString(foreign, "mine");
    assertThat(warnings(data, () -> checkGoesOn(data)))
        .singleElement()
        .asString()
        .contains(foreign.resolveSibling("").toString(), foreign.getFileName().toString());
    assertThat(foreign).hasContent("mine");
  }

  private static void checkGoesOn(Path data) {
    try (Rig rig = Rig.on(data)) {
      assertThat(rig.coordinator().models()).containsExactly(M);
      assertThat(rig.coordinator().brokenBy(M)).isNull();
      assertThat(rig.coordinator().rounds().update(M, 1, "alice")).isNotNull();
      assertThat(rig.coordinator().reported(M, 1)).hasSize(1);
    }
  }

  @Test
  void foreignFolderBesideTheModels_isPassedOver(@TempDir Path data) throws IOException {
    fill(data);
    Files.createDirectory(data.resolve("models/lost+found"));
    assertThat(warnings(data, () -> checkGoesOn(data))).hasSize(1);
  }

  @Test
  void foreignFile_isNoModelToBeMadeOver(@TempDir Path data) throws IOException {
    fill(data);
    Path foreign = Files.writeString(data.resolve("models/notes.txt"), "mine");
    try (Rig rig = Rig.on(data)) {
      assertThat(Rig.refusal(() -> rig.create("notes.txt", Rig.plain(1, 1, 1))).problem())
          .isEqualTo(Problem.MODEL_EXISTS);
    }
    assertThat(foreign).hasContent("mine");
  }

  /** Opening a named pipe waits for its other end. */
  @EnabledOnOs({OS.LINUX, OS.MAC})
  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.json",
        "open/0000001/journal.jsonl",
        "open/0000001/updates.bin",
        "reports/0000001.jsonl",
        "versions/0000001/version.json",
        "versions/0000001/weights.safetensors"
      })
  void pipeOrFolderInPlaceOfAFile_stopsItsModelAlone(String name, @TempDir Path data)
      throws Exception {
    fill(data);
    Path file = data.resolve("models/toy").resolve(name);
    for (String[] command : new String[][] {{"mkfifo"}, {"mkdir"}}) {
      Files.deleteIfExists(file);
      assertThat(new ProcessBuilder(command[0], file.toString()).start().waitFor()).isZero();
      try (Rig rig = Rig.on(data)) {
        assertThat(rig.coordinator().brokenBy(M)).contains(name + " is corrupt: expected a file");
        rig.create("other", Rig.plain(1, 1, 1));
        rig.advance("other", 1);
        rig.coordinator().delete("other");
      }
    }
  }

  @EnabledOnOs({OS.LINUX, OS.MAC})
  @Test
  void whatIsWritten_isItsUsersAlone(@TempDir Path data) throws IOException {
    fill(data);
    try (Rig rig = Rig.on(data)) { // a copy of a version is another way to make files
      rig.changes(M).restore(rig.coordinator().version(M, 1), Expected.ANY);
    }
    try (Stream<Path> paths = Files.walk(data)) {
      for (Path path : paths.filter(path -> !path.equals(data)).toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
            .as("%s", path)
            .isEqualTo(Files.isDirectory(path) ? "rwx------" : "rw-------");
      }
    }
  }

  @EnabledOnOs({OS.LINUX, OS.MAC})
  @Test
  void modelsOfBefore_areTheirUsersAloneFromTheNextStartOn(@TempDir Path data) throws IOException {
    fill(data);
    Set<PosixFilePermission> open = PosixFilePermissions.fromString("rwxr-xr-x");
    Files.setPosixFilePermissions(data.resolve("models"), open);
    checkGoesOn(data);
    assertThat(Files.getPosixFilePermissions(data.resolve("models")))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }
}
