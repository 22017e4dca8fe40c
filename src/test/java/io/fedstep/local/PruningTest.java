package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.FileRange;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept of versions and rounds, and what those see who read what is removed. */
class PruningTest {
  private static final String M = "toy";
  private static final String ADAM =
      """
      {"tensors": {"w": [4]}, "optimizer": {"lrate": 0.1, "modules": ["adam"]}}\
      """;

  private static final Limits FEW = new Limits(2, 3, 1_000_000, 100, 1024, 100, 1000, 2);

  @Test
  void versionsAndRecords_areKeptAsConfigured(@TempDir Path data) {
    Rig rig = Rig.on(data, FEW);
    try {
      rig.create(M, Rig.plain(1, 1, 1));
      for (int round = 0; round < 8; round++) {
        rig.advance(M, 1);
      }
      checkKept(rig);
      rig = rig.restarted();
      checkKept(rig);
      rig.advance(M, 1);
      rig.settle(M);
      assertThat(records(rig)).containsExactly(8L, 7L, 6L, 5L, 4L);
    } finally {
      rig.close();
    }
  }

  private static void checkKept(Rig rig) {
    rig.settle(M);
    assertThat(rig.coordinator().versions(M)).map(VersionInfo::version).containsExactly(8L, 7L);
    // two within the versions, three beside them
    assertThat(records(rig)).containsExactly(7L, 6L, 5L, 4L, 3L);
    for (long round = 3; round < 8; round++) {
      RoundRecord record = Objects.requireNonNull(rig.coordinator().rounds().record(M, round));
      assertThat(record.round()).isEqualTo(round);
      assertThat(rig.put(M, round, "solo", 1, 1).repeated()).isTrue();
    }
    assertThat(rig.coordinator().rounds().record(M, 2)).isNull();
    assertThat(Rig.refusal(() -> rig.put(M, 2, "solo", 1, 1)).members())
        .containsEntry("recorded", false);
    assertThat(versionFolders(rig)).containsExactlyInAnyOrder("0000007", "0000008");
    assertThat(rig.folder(M).resolve("rounds").toFile().list())
        .containsExactlyInAnyOrder("0000003.json", "0000004.json", "0000005.json");
  }

  private static String[] versionFolders(Rig rig) {
    return Objects.requireNonNull(
        rig.folder(M).resolve("versions").toFile().list((_, name) -> !name.startsWith(".")));
  }

  private static List<Long> records(Rig rig) {
    return rig.coordinator().rounds().records(M, Long.MAX_VALUE, 50).stream()
        .map(RoundRecord::round)
        .toList();
  }

  @Test
  void zeros_areKeptOverARestart_withTheirReports_asLongAsOtherVersions(@TempDir Path data) {
    Rig rig = Rig.on(data, new Limits(3, 3, 1_000_000, 100, 1024, 100, 1000, 2));
    try {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.advance(M, 1);
      rig.changes(M).report(0, "alice", UpdateMetadata.of(2, Map.of("loss", 0.5), null));
      List<VersionInfo> before = rig.coordinator().versions(M);
      rig = rig.restarted();
      assertThat(rig.coordinator().versions(M)).isEqualTo(before);
      assertThat(rig.coordinator().reported(M, 0)).hasSize(1);
      rig.changes(M).restore(rig.coordinator().version(M, 0), new Expected(1L, null));
      assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, 0));
      rig.advance(M, 1);
      rig = rig.restarted();
      assertThat(rig.coordinator().versions(M))
          .map(VersionInfo::version)
          .containsExactly(3L, 2L, 1L);
    } finally {
      rig.close();
    }
  }

  @Test
  void firstWeightsThatWerePruned_areNotTakenForZeros(@TempDir Path data) {
    Rig rig = Rig.on(data, FEW);
    rig.create(M, Rig.plain(1, 1, 1));
    try (var draft = rig.changes(M).beginWeights()) {
      draft.newWeights().write(0, ByteBuffer.wrap(Rig.bytes(Dtype.FLOAT32, 5)));
      rig.changes(M).setWeights(draft);
    }
    rig.advance(M, 1);
    rig.advance(M, 1);
    rig.settle(M);
    rig.close();
    try (Rig more = Rig.on(data)) {
      assertThat(more.coordinator().versions(M)).map(VersionInfo::version).containsExactly(2L, 1L);
    }
  }

  @Test
  void versionThatIsGone_isRefusedAndHarmsNothing(@TempDir Path data) {
    try (Rig rig = Rig.on(data, FEW)) {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.advance(M, 1);
      Version first = rig.coordinator().version(M, 1);
      try (var opened = Objects.requireNonNull(first.weights())) {
        rig.advance(M, 1);
        rig.advance(M, 1);
        var tile = new FloatTile(new float[1], 1);
        rig.settle(M);
        opened.read(0, tile); // until the next round writes over it
        assertThat(tile.values()).containsExactly(-1);
      }
      assertThat(Rig.refusal(first::weights).problem()).isEqualTo(Problem.VERSION_NOT_FOUND);
      assertThat(Rig.refusal(first::state).problem()).isEqualTo(Problem.VERSION_NOT_FOUND);
      assertThat(Rig.refusal(() -> rig.changes(M).restore(first, Expected.ANY)).problem())
          .isEqualTo(Problem.VERSION_NOT_FOUND);
      rig.advance(M, 1);
      assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -4));
    }
  }

  @Test
  void versionThatIsHeld_keepsItsFiles(@TempDir Path data) throws IOException {
    try (Rig rig = Rig.on(data, FEW)) {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.advance(M, 1);
      Version first = rig.coordinator().version(M, 1);
      var held = (FileRange) first.weightBytes();
      for (int round = 0; round < 4; round++) {
        rig.advance(M, 1);
      }
      rig.settle(M);
      assertThat(Rig.refusal(first::weightBytes).problem()).isEqualTo(Problem.VERSION_NOT_FOUND);
      assertThat(rig.coordinator().versions(M)).map(VersionInfo::version).containsExactly(5L, 4L);
      assertThat(versionFolders(rig)).containsExactlyInAnyOrder("0000001", "0000004", "0000005");
      var read = ByteBuffer.allocate((int) held.length());
      held.read(0, read);
      assertThat(read.array()).isEqualTo(Rig.bytes(Dtype.FLOAT32, -1));
      held.close();
      rig.advance(M, 1);
      rig.settle(M);
      assertThat(versionFolders(rig)).containsExactlyInAnyOrder("0000005", "0000006");
    }
  }

  /** Whatever was in the files that a version takes over, nothing of it stays. */
  @Test
  void versionOverOneThatWent_isAsInNewFiles(@TempDir Path data) throws IOException {
    var all = new Limits(100, 100, 1_000_000, 100, 1024, 100, 1000, 2);
    try (Rig few = Rig.on(data.resolve("few"), FEW);
        Rig many = Rig.on(data.resolve("many"), all)) {
      for (Rig rig : List.of(few, many)) {
        rig.create(M, ADAM);
        for (int round = 0; round < 12; round++) { // the state's number of steps gets a digit more
          rig.advance(M, 1, -2, round, 0.1);
        }
        rig.changes(M)
            .restore(rig.coordinator().version(M, 11), Expected.ANY); // and one less again
        for (int round = 13; round < 18; round++) {
          rig.advance(M, 3, 0, -round, 1);
        }
        rig.settle(M);
      }
      for (String file : List.of("weights.safetensors", "gradient.safetensors", "state.json")) {
        assertThat(file(few, 17, file)).hasSameBinaryContentAs(file(many, 17, file));
        assertThat(file(few, 18, file)).hasSameBinaryContentAs(file(many, 18, file));
      }
      Object oldest = key(file(few, 17, "weights.safetensors"));
      few.advance(M, 1, 1, 1, 1);
      few.settle(M); // which prunes it
      few.advance(M, 1, 1, 1, 1);
      assertThat(key(file(few, 20, "weights.safetensors"))).isEqualTo(oldest);
    }
  }

  /** A connection may hold the pages of its files long after they were sent. */
  @Test
  void versionThatWasSent_isNeverWrittenOver(@TempDir Path folder) throws IOException {
    try (Rig rig = Rig.on(folder.resolve("data"), FEW)) {
      rig.create(M, ADAM);
      rig.advance(M, 1, 2, 3, 4);
      Path kept = Files.createLink(folder.resolve("kept"), file(rig, 1, "weights.safetensors"));
      byte[] before = Files.readAllBytes(kept);
      try (var sent = (FileRange) rig.coordinator().version(M, 1).weightBytes()) {
        sent.transferTo(0, sent.length(), Channels.newChannel(new ByteArrayOutputStream()));
      }
      for (int round = 1; round < 7; round++) {
        rig.advance(M, 1, 2, 3, 4);
      }
      assertThat(kept).hasBinaryContent(before);
    }
  }

  private static Path file(Rig rig, long version, String name) {
    return rig.folder(M).resolve(String.format(Locale.ROOT, "versions/%07d/%s", version, name));
  }

  private static Object key(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  /** Readers of records and versions that are being removed get them, or learn that they went. */
  @Test
  void readers_neverFailAModel(@TempDir Path data) throws Exception {
    try (Rig rig = Rig.on(data, new Limits(1, 1, 1_000_000, 100, 1024, 100, 1000, 2));
        var threads = Executors.newFixedThreadPool(2)) {
      rig.create(M, Rig.plain(1, 1, 1));
      var over = new AtomicBoolean();
      var readers = new ArrayList<Future<?>>();
      for (int i = 0; i < 2; i++) {
        readers.add(
            threads.submit(() -> {
              while (!over.get()) {
                read(rig);
              }
            }));
      }
      for (int round = 0; round < 60; round++) {
        rig.advance(M, 1);
      }
      over.set(true);
      for (Future<?> reader : readers) {
        reader.get();
      }
    }
  }

  private static void read(Rig rig) {
    long newest = rig.coordinator().durableStatus(M).newest().version();
    for (long round = Math.max(0, newest - 4); round < newest; round++) {
      RoundRecord record = rig.coordinator().rounds().record(M, round);
      assertThat(record == null || record.clients().size() == 1).isTrue();
    }
    try (var weights = rig.coordinator().version(M, newest).weights();
        var state = rig.coordinator().version(M, newest).stateBytes()) {
      assertThat(weights == null && newest > 0).isFalse();
      assertThat(state.length()).isPositive();
    } catch (RefusedException e) {
      assertThat(e.refusal().problem()).isEqualTo(Problem.VERSION_NOT_FOUND);
    }
  }
}
