package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.Json;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Phase;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.CorruptionException;
import io.fedstep.store.DataFolder;
import io.fedstep.store.StorageException;
import io.fedstep.store.Unforced;
import io.fedstep.store.Version;
import io.fedstep.vector.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Files that are not as they were written stop their model, by name, and nothing else. */
@BesideOthers
class CorruptionTest {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** The open round of each model has one update of two; version 1 was made by a round. */
  private static Rig rig(Path data) {
    Rig rig = Rig.on(data);
    for (String model : new String[] {"bad", "good"}) {
      rig.create(model, Rig.rmsprop("float32", 5, 2));
      rig.put(model, 0, "alice", 1, 1, 2, 3, 4, 5);
      rig.put(model, 0, "bob", 1, 1, 2, 3, 4, 5);
      rig.awaitVersion(model, 1);
      rig.put(model, 1, "alice", 1, 1, 2, 3, 4, 5);
    }
    return rig;
  }

  private static void checkGoodGoesOn(Rig rig) {
    rig.put("good", 1, "bob", 1, 1, 2, 3, 4, 5);
    rig.awaitVersion("good", 2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.json",
        "open/0000001/journal.jsonl",
        "versions/0000001/version.json",
        "versions/0000001/weights.safetensors",
        "versions/0000001/gradient.safetensors",
        "versions/0000001/state.json"
      })
  void flippedByte_isFoundAtStart(String name, @TempDir Path data) throws IOException {
    var random = new Random(1);
    Path file = data.resolve("models/bad").resolve(name);
    rig(data).close();
    byte[] whole = Files.readAllBytes(file);
    int[] places = random.ints(8, 0, whole.length - 1).toArray();
    places[0] = whole.length - 1; // a newline, a digit, a value
    for (int place : places) {
      byte[] flipped = whole.clone();
      flipped[place] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, flipped);
      try (Rig rig = Rig.on(data)) {
        assertThat(rig.coordinator().models()).containsExactly("bad", "good");
        assertThat(rig.coordinator().brokenBy("bad"))
            .as("byte %s of %s", place, whole.length)
            .contains(name)
            .doesNotContain(data.toString())
            .containsPattern("is corrupt: expected .+, found .+");
        assertThat(Rig.refusal(() -> rig.coordinator().spec("bad")).problem())
            .isEqualTo(Problem.MODEL_FAILED);
        assertThat(rig.coordinator().brokenBy("good")).isNull();
        if (place == places[0]) {
          assertThat(Files.readAllBytes(file)).isEqualTo(flipped); // for whoever looks into it
        }
      }
    }
    try (Rig rig = Rig.on(data)) {
      checkGoodGoesOn(rig);
      rig.coordinator().delete("bad");
      rig.create("bad", Rig.plain(1, 1, 1));
      rig.advance("bad", 1);
    }
  }

  /** Each value of each line in turn is gone, or another, and the checksum is that of the line. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.json",
        "open/0000001/journal.jsonl",
        "reports/0000001.jsonl",
        "versions/0000001/version.json"
      })
  void otherContentBehindARightChecksum_isFoundByName(String name, @TempDir Path data)
      throws IOException {
    Path file = data.resolve("models/bad").resolve(name);
    try (Rig rig = rig(data)) {
      rig.changes("bad").report(1, "alice", UpdateMetadata.of(1, Map.of("accuracy", 0.5), null));
    }
    List<String> lines = Files.readAllLines(file);
    int found = 0;
    for (int i = 0; i < lines.size(); i++) {
      for (String pointer : pointers(entry(lines.get(i)), "")) {
        for (String other : List.of("", "null", "-7", "\"x\"", "[]", "{\"x\":1}")) {
          var changed = new ArrayList<>(lines);
          changed.set(i, with(lines.get(i), pointer, other));
          Files.write(file, changed);
          try (Rig rig = Rig.on(data)) {
            String why = rig.coordinator().brokenBy("bad");
            if (why != null) {
              found++;
              assertThat(why)
                  .as("%s = %s", pointer, other)
                  .doesNotContain(data.toString())
                  .containsPattern("is corrupt: expected |it is missing");
            } else {
              read(rig, file);
            }
            assertThat(rig.coordinator().brokenBy("good")).isNull();
          }
        }
      }
    }
    assertThat(found).isPositive();
  }

  /** What is read of a model only when somebody asks. */
  private static void read(Rig rig, Path file) {
    try {
      rig.coordinator().rounds().record("bad", 0);
    } catch (StorageException e) {
      assertThat(e).hasMessageContaining(file.toString());
    }
  }

  private static ObjectNode entry(String line) {
    return Objects.requireNonNull(CheckedLine.decode((line + "\n").getBytes(UTF_8)));
  }

  private static String with(String line, String pointer, String other) {
    ObjectNode entry = entry(line);
    int slash = pointer.lastIndexOf('/');
    JsonNode parent = entry.at(pointer.substring(0, slash));
    String key = pointer.substring(slash + 1);
    if (parent instanceof ArrayNode array) {
      array.set(Integer.parseInt(key), JSON.readTree(other.isEmpty() ? "true" : other));
    } else if (other.isEmpty()) {
      ((ObjectNode) parent).remove(key);
    } else {
      ((ObjectNode) parent).set(key, JSON.readTree(other));
    }
    return new String(CheckedLine.encode(entry), UTF_8).strip();
  }

  private static List<String> pointers(JsonNode node, String path) {
    var all = new ArrayList<String>();
    node.forEachEntry((key, child) -> all.addAll(pointers(child, path + "/" + key)));
    for (int i = 0; node.isArray() && i < node.size(); i++) {
      all.addAll(pointers(node.path(i), path + "/" + i));
    }
    if (!path.isEmpty()) {
      all.add(path);
    }
    return all;
  }

  @ParameterizedTest
  @ValueSource(strings = {"weights.safetensors", "state.json", "version.json"})
  void missingFile_stopsItsModel(String name, @TempDir Path data) throws IOException {
    Path file = data.resolve("models/bad/versions/0000001").resolve(name);
    rig(data).close();
    Files.delete(file);
    try (Rig rig = Rig.on(data)) {
      assertThat(rig.coordinator().brokenBy("bad")).contains("versions/0000001/" + name);
      checkGoodGoesOn(rig);
    }
  }

  @Test
  void flippedByteInAnUpdate_isFoundAtTheClose(@TempDir Path data) throws IOException {
    Path matrix = data.resolve("models/bad/open/0000001/updates.bin");
    try (Rig rig = rig(data)) {
      byte[] bytes = Files.readAllBytes(matrix);
      bytes[3] ^= 1; // row 0 is alice's
      Files.write(matrix, bytes, StandardOpenOption.WRITE);
      assertThat(failureOfTheClose(rig))
          .contains("open/0000001/updates.bin")
          .containsPattern("expected crc32c:[0-9a-f]{8} in row 0 .client alice.*found crc32c:");
      assertThat(rig.coordinator().status("bad").phase()).isEqualTo(Phase.FAILED);
      assertThat(rig.coordinator().status("bad").newest().version()).isEqualTo(1);
      checkGoodGoesOn(rig);
    }
    try (Rig rig = Rig.on(data)) { // the close is in the journal: the same is found again
      assertThatThrownBy(() -> rig.awaitVersion("bad", 2)).hasMessageContaining("in row 0");
      assertThat(rig.coordinator().status("bad").phase()).isEqualTo(Phase.FAILED);
    }
  }

  /**
   * Also by optimizers that read the weights in two passes, of many tiles, with a state of text.
   */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      textBlock =
          """
          float32 | weights.safetensors | "rmsprop"
          float64 | weights.safetensors | "rmsprop"
          float32 | state.json          | "rmsprop"
          float32 | state.json          | "adam"
          float64 | weights.safetensors | "momentum", ["l2-clipping", {"max_norm": 9}], "rmsprop"
          float64 | state.json          | "momentum", ["l2-clipping", {"max_norm": 9}], "rmsprop"
          """,
      delimiter = '|')
  void flippedByteOfTheBase_isFoundAtTheClose(
      String dtype, String file, String modules, @TempDir Path data) throws IOException {
    try (Rig rig = Rig.on(data)) {
      rig.create(
          "bad",
          """
          {"tensors": {"a": [3], "w": [40000]}, "dtype": "%s",
           "optimizer": {"lrate": 0.5, "modules": [%s]}}\
          """
              .formatted(dtype, modules));
      double[] values = new double[40_003];
      Arrays.fill(values, 0.25);
      rig.advance("bad", values);
      rig.advance("bad", values);
      Path path = data.resolve("models/bad/versions/0000002").resolve(file);
      byte[] bytes = Files.readAllBytes(path);
      bytes[bytes.length / 2] ^= 1; // of a digit, another one
      Files.write(path, bytes, StandardOpenOption.WRITE);
      rig.put("bad", 2, "solo", 1, values);
      assertThat(Rig.refusal(() -> rig.awaitVersion("bad", 3)).detail())
          .contains("versions/0000002/" + file)
          .doesNotContain(data.toString())
          .containsPattern("is corrupt: expected (crc32c|hex|a state).+, found .+");
      assertThat(data.resolve("models/bad/versions/0000003")).doesNotExist();
    }
  }

  @Test
  void versionThatWasChanged_isNotRestored(@TempDir Path data) throws IOException {
    try (Rig rig = rig(data)) {
      checkGoodGoesOn(rig);
      Path file = data.resolve("models/good/versions/0000001/weights.safetensors");
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length - 1] ^= 1;
      Files.write(file, bytes, StandardOpenOption.WRITE);
      Version changed = rig.coordinator().version("good", 1);
      Refusal refusal = Rig.refusal(() -> rig.changes("good").restore(changed, Expected.ANY));
      assertThat(refusal.problem()).isEqualTo(Problem.MODEL_FAILED);
      assertThat(refusal.detail())
          .startsWith("versions/0000001/weights.safetensors is corrupt: expected crc32c ");
      rig.put("good", 2, "alice", 1, 1, 2, 3, 4, 5);
      rig.put("good", 2, "bob", 1, 1, 2, 3, 4, 5);
      rig.awaitVersion("good", 3);
    }
  }

  /** Rules that read rows twice, or not at all the second time, check them too. */
  @ParameterizedTest
  @ValueSource(strings = {"krum", "geometric-median", "gradient-masked-averaging", "median"})
  void flippedByteInAnUpdate_isFoundByEveryAggregator(String rule, @TempDir Path data)
      throws IOException {
    Path matrix = data.resolve("models/bad/open/0000000/updates.bin");
    try (Rig rig = Rig.on(data)) {
      rig.create(
          "bad",
          """
          {"tensors": {"w": [20000]}, "aggregator": "%s", "round": {"min_updates": 3}}\
          """
              .formatted(rule));
      double[] values = new double[20_000];
      rig.put("bad", 0, "alice", 1, values);
      rig.put("bad", 0, "bob", 1, values);
      byte[] bytes = Files.readAllBytes(matrix);
      bytes[2 * 80_000 - 1] = 1; // the end of bob's
      Files.write(matrix, bytes, StandardOpenOption.WRITE);
      rig.put("bad", 0, "carol", 1, values);
      assertThat(Rig.refusal(() -> rig.awaitVersion("bad", 1)).detail()).contains("client bob");
    }
  }

  @Test
  void truncatedMatrix_isFoundAtTheClose(@TempDir Path data) throws IOException {
    Path matrix = data.resolve("models/bad/open/0000001/updates.bin");
    rig(data).close();
    Files.write(matrix, Arrays.copyOf(Files.readAllBytes(matrix), 8));
    try (Rig rig = Rig.on(data)) {
      rig.put("bad", 1, "bob", 1, 1, 2, 3, 4, 5); // in a row of its own behind the hole
      assertThatThrownBy(() -> rig.awaitVersion("bad", 2)).hasMessageContaining("in row 0");
      checkGoodGoesOn(rig);
    }
    Files.write(matrix, new byte[8]);
    try (Rig rig = Rig.on(data)) {
      assertThatThrownBy(() -> rig.awaitVersion("bad", 2))
          .hasMessageContaining("open/0000001/updates.bin")
          .hasMessageContaining("expected at least 40 bytes, found 8");
    }
  }

  private static String failureOfTheClose(Rig rig) {
    rig.put("bad", 1, "bob", 1, 1, 2, 3, 4, 5);
    return Rig.refusal(() -> rig.awaitVersion("bad", 2)).detail();
  }

  @ParameterizedTest
  @ValueSource(strings = {"weights.safetensors", "version.json"})
  void olderVersion_isCheckedWhenItIsRead_andFailsAlone(String name, @TempDir Path data)
      throws IOException {
    Path file = data.resolve("models/good/versions/0000001").resolve(name);
    try (Rig rig = rig(data)) {
      checkGoodGoesOn(rig);
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 64;
    Files.write(file, bytes);
    try (Rig rig = Rig.on(data)) {
      assertThat(rig.weights("good")).isNotEqualTo(Rig.bytes(Dtype.FLOAT32, 0, 0, 0, 0, 0));
      StorageException failure =
          catchThrowableOfType(
              StorageException.class,
              () -> rig.coordinator().version("good", 1).weightBytes().close());
      assertThat(failure)
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining(file.toString())
          .hasMessageMatching(".* is corrupt: expected .+, found .+");
      Refusal refusal = rig.coordinator().failure("good", failure);
      assertThat(refusal.problem()).isEqualTo(Problem.MODEL_FAILED);
      assertThat(refusal.detail()).startsWith("versions/0000001/" + name + " is corrupt");
      assertThat(rig.coordinator().status("good").phase()).isEqualTo(Phase.COLLECTING);
      rig.put("good", 2, "alice", 1, 1, 2, 3, 4, 5);
      rig.put("good", 2, "bob", 1, 1, 2, 3, 4, 5);
      rig.awaitVersion("good", 3);
    }
  }

  @Test
  void folder_isForOneServerAtATime(@TempDir Path data) {
    try (Rig rig = rig(data)) {
      assertThatThrownBy(() -> new DataFolder(Unforced.disk(), data))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining(data.resolve("lock").toString())
          .hasMessageContaining("held by another fedstep");
      checkGoodGoesOn(rig);
    }
    new DataFolder(Unforced.disk(), data).close();
  }

  @Test
  void folderOfANewerFormat_isLeftAlone(@TempDir Path data) throws IOException {
    Rig.on(data.resolve("a")).close();
    Path format = data.resolve("a/format.json");
    Files.write(format, CheckedLine.encode(Json.object().put("format", 2)));
    assertThatThrownBy(() -> new DataFolder(Unforced.disk(), data.resolve("a")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(format + " says format 2; this fedstep reads format 1");
    Files.writeString(format, "{\"format\": 1}");
    assertThatThrownBy(() -> new DataFolder(Unforced.disk(), data.resolve("a")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(format.toString());
  }
}
