package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.DecisionCodec;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.RoundPolicy;
import io.fedstep.problem.Problem;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.vector.Dtype;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/** A server takes up a folder as any crash may have left it. */
class RecoveryTest {
  private static final String M = "toy";

  private static byte[] floats(double... values) {
    return Rig.bytes(Dtype.FLOAT32, values);
  }

  private static Path journal(Path data) {
    return data.resolve("models/toy/open/0000000/journal.jsonl");
  }

  @Test
  void openRound_isAsItWas(@TempDir Path data) {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(2, 3, 3));
      Decision.Accepted alice = before.put(M, 0, "alice", 1, 1, 2).update();
      before.clock().advance(Duration.ofSeconds(7));
      Decision.Accepted bob = before.put(M, 0, "bob", 3, 5, 6).update();
      ModelStatus status = before.coordinator().status(M);
      try (Rig after = before.crashed(data.resolve("b"))) {
        assertThat(after.coordinator().status(M)).isEqualTo(status);
        assertThat(after.coordinator().rounds().update(M, 0, "alice")).isEqualTo(alice);
        assertThat(after.coordinator().rounds().update(M, 0, "bob")).isEqualTo(bob);
        Upload.Answer again = after.put(M, 0, "alice", 1, 1, 2);
        assertThat(again.repeated()).isTrue();
        assertThat(again.update()).isEqualTo(alice);
        assertThat(Rig.refusal(() -> after.put(M, 0, "alice", 1, 9, 9)).problem())
            .isEqualTo(Problem.UPDATE_DIFFERS);
        after.put(M, 0, "carol", 4, 2, 1);
        after.awaitVersion(M, 1);
        assertThat(after.weights(M)).isEqualTo(floats(-3, -3));
      }
    }
  }

  @Test
  void models_surviveManyRestarts(@TempDir Path data) {
    Rig rig = Rig.on(data);
    try {
      rig.create(M, Rig.plain(1, 1, 1));
      for (int version = 1; version <= 5; version++) {
        rig.advance(M, 1);
        rig = rig.restarted();
        assertThat(rig.weights(M)).isEqualTo(floats(-version));
        assertThat(rig.coordinator().rounds().records(M, Long.MAX_VALUE, 50)).hasSize(version);
      }
    } finally {
      rig.close();
    }
  }

  @Test
  void journalLine_tornAnywhere_isCutOff(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 3, 3));
      before.put(M, 0, "alice", 1, 1);
      int whole = Files.readAllBytes(journal(data.resolve("a"))).length;
      before.put(M, 0, "bob", 1, 2);
      byte[] lines = Files.readAllBytes(journal(data.resolve("a")));
      for (int length = whole; length < lines.length; length += 13) {
        Path copy = data.resolve("torn-" + length);
        before.copyTo(copy);
        Files.write(journal(copy), Arrays.copyOf(lines, length));
        try (Rig after = Rig.on(copy)) {
          assertThat(after.coordinator().rounds().update(M, 0, "alice")).isNotNull();
          assertThat(after.coordinator().rounds().update(M, 0, "bob")).isNull();
          assertThat(Files.size(journal(copy))).isEqualTo(whole);
          after.put(M, 0, "bob", 1, 5);
          after.put(M, 0, "carol", 1, 6);
          after.awaitVersion(M, 1);
          assertThat(after.weights(M)).isEqualTo(floats(-4));
        }
      }
    }
  }

  @Test
  void journalLine_ofWhichAPartNeverReachedTheDisk_isCutOff(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 3, 3));
      before.put(M, 0, "alice", 1, 1);
      int whole = Files.readAllBytes(journal(data.resolve("a"))).length;
      before.put(M, 0, "bob", 1, 2);
      byte[] lines = Files.readAllBytes(journal(data.resolve("a")));
      Arrays.fill(lines, whole + 10, whole + 70, (byte) 0); // its newline is there
      Path copy = data.resolve("b");
      before.copyTo(copy);
      Files.write(journal(copy), lines);
      try (Rig after = Rig.on(copy)) {
        assertThat(after.coordinator().rounds().update(M, 0, "alice")).isNotNull();
        assertThat(after.coordinator().rounds().update(M, 0, "bob")).isNull();
        assertThat(Files.size(journal(copy))).isEqualTo(whole);
      }
    }
  }

  @Test
  void journalWithoutAWholeFirstLine_isBegunAnew_whileThereIsNoMatrix(@TempDir Path data)
      throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 1, 1));
      byte[] line = Files.readAllBytes(journal(data.resolve("a")));
      for (int length : new int[] {0, 1, line.length - 1}) {
        Path copy = data.resolve("torn-" + length);
        before.copyTo(copy);
        Files.write(journal(copy), Arrays.copyOf(line, length));
        Files.delete(journal(copy).resolveSibling("updates.bin")); // which comes after that line
        try (Rig after = Rig.on(copy)) {
          after.advance(M, 1);
        }
      }
    }
  }

  @Test
  void journalThatLostItsFirstLine_stopsItsModel(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 2, 2));
      byte[] line = Files.readAllBytes(journal(data.resolve("a")));
      before.put(M, 0, "alice", 1, 1);
      for (int length : new int[] {-1, 0, 1, line.length - 1}) {
        Path copy = data.resolve("cut-" + length);
        before.copyTo(copy);
        Files.delete(journal(copy));
        if (length >= 0) {
          Files.write(journal(copy), Arrays.copyOf(line, length));
        }
        try (Rig after = Rig.on(copy)) {
          assertThat(after.coordinator().brokenBy(M)).contains("open/0000000/journal.jsonl");
        }
        if (length >= 0) {
          assertThat(journal(copy)).hasSize(length);
        }
      }
    }
  }

  @Test
  void reportsThatLostTheirFirstLine_stopTheirModel(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data)) {
      before.create(M, Rig.plain(1, 2, 2));
      before.changes(M).report(0, "alice", UpdateMetadata.of(1, Map.of("accuracy", 0.5), null));
    }
    Path reports = data.resolve("models/toy/reports/0000000.jsonl");
    Files.write(reports, new byte[0]);
    try (Rig after = Rig.on(data)) {
      assertThat(after.coordinator().brokenBy(M)).contains("reports/0000000.jsonl is corrupt");
      assertThat(reports).isEmptyFile();
    }
  }

  /** Of such a round updates were acknowledged, and no version has them. */
  @Test
  void roundOfAVersionThatIsGone_isNotRemoved(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 2, 2));
      before.put(M, 0, "alice", 1, 1);
      before.put(M, 0, "bob", 1, 1);
      before.awaitVersion(M, 1);
      before.put(M, 1, "alice", 1, 1);
      Path copy = data.resolve("b");
      before.copyTo(copy);
      Rig.remove(copy.resolve("models/toy/versions/0000001"));
      try (Rig after = Rig.on(copy)) {
        assertThat(after.coordinator().brokenBy(M))
            .contains("open/0000001 is corrupt: expected version 1");
      }
      assertThat(copy.resolve("models/toy/open/0000001/journal.jsonl")).exists();
    }
  }

  @Test
  void roundOfAnotherName_isNotRemoved(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data)) {
      before.create(M, Rig.plain(1, 2, 2));
      before.put(M, 0, "alice", 1, 1);
    }
    Path open = data.resolve("models/toy/open");
    Path other = open.resolve("\u0660".repeat(7)); // an Arabic zero
    Files.move(open.resolve("0000000"), other);
    try (Rig after = Rig.on(data)) {
      assertThat(after.coordinator().brokenBy(M)).contains("open/" + other.getFileName());
    }
    Files.move(other, open.resolve("0000000"));
    try (Rig after = Rig.on(data)) {
      assertThat(after.coordinator().rounds().update(M, 0, "alice")).isNotNull();
    }
  }

  @Test
  void interruptedClose_isCompletedAsItWasDecided(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.rmsprop("float64", 70_000, 2));
      before.changes(M).setPolicy(new RoundPolicy(1, 5, null, null));
      double[] gradient = new double[70_000];
      Arrays.setAll(gradient, i -> Math.sin(i));
      before.put(M, 0, "alice", 0.3, gradient);
      Arrays.setAll(gradient, i -> Math.cos(i));
      before.put(M, 0, "bob", 0.7, gradient);
      Path copy = data.resolve("b");
      before.copyTo(copy);
      var closed = new Decision.Closed(Decision.Cause.DEADLINE, FakeClock.START.plusSeconds(9));
      Files.write(
          journal(copy),
          CheckedLine.encode(DecisionCodec.write(closed)),
          StandardOpenOption.APPEND);
      before.changes(M).close();
      try (Rig after = Rig.on(copy)) {
        after.awaitVersion(M, 1);
        RoundRecord record = Objects.requireNonNull(after.coordinator().rounds().record(M, 0));
        assertThat(record.closedBy()).isEqualTo(closed);
        assertThat(record.outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
        assertThat(record.clients()).hasSize(2);
        assertThat(after.weights(M)).isEqualTo(before.weights(M));
        assertThat(after.state(M)).isEqualTo(before.state(M));
      }
    }
  }

  @Test
  void fullRound_whoseCloseWasNotWritten_isClosed(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 3, 3));
      before.put(M, 0, "alice", 1, 1);
      Path copy = data.resolve("b");
      before.put(M, 0, "bob", 1, 3);
      before.copyTo(copy);
      Path head = copy.resolve("models/toy/model.json");
      // as if the policy had asked for two all along
      before.changes(M).setPolicy(new RoundPolicy(2, 2, null, null));
      before.awaitVersion(M, 1);
      Files.copy(before.folder(M).resolve("model.json"), head, StandardCopyOption.REPLACE_EXISTING);
      try (Rig after = Rig.on(copy)) {
        after.awaitVersion(M, 1);
        assertThat(after.weights(M)).isEqualTo(floats(-2));
      }
    }
  }

  @Test
  void weightsSet_beforeTheirRoundWasOpenedAgain_countWithANewRound(@TempDir Path data)
      throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 1, 1));
      byte[] onZeros = Files.readAllBytes(journal(data.resolve("a")));
      setWeights(before, 10);
      Path copy = data.resolve("b");
      before.copyTo(copy);
      Files.move(journal(copy), journal(copy).resolveSibling("journal.jsonl.new"));
      Files.write(journal(copy), onZeros);
      try (Rig after = Rig.on(copy)) {
        assertThat(after.weights(M)).isEqualTo(floats(10));
        String base = after.coordinator().status(M).newest().base();
        assertThat(base).isEqualTo(before.coordinator().status(M).newest().base());
        try (Upload upload = after.coordinator().begin(M, 0, "alice", base)) {
          Rig.submit(upload, 1, 4);
        }
        after.awaitVersion(M, 1);
        assertThat(after.weights(M)).isEqualTo(floats(6));
      }
    }
  }

  private static void setWeights(Rig rig, double... values) {
    try (var draft = rig.changes(M).beginWeights()) {
      draft.newWeights().write(0, ByteBuffer.wrap(floats(values)));
      rig.changes(M).setWeights(draft);
    }
  }

  /** Rows of more than a mebibyte begin at multiples of 64 KiB, also in the rounds that follow. */
  @Test
  void longRows_areTakenUpWhereTheyBegin(@TempDir Path data) throws IOException {
    int size = 300_000;
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(size, 2, 2));
      for (int round = 0; round < 2; round++) {
        before.put(M, round, "alice", 1, filled(size, 1));
        before.put(M, round, "bob", 1, filled(size, 3));
        before.awaitVersion(M, round + 1);
      }
      before.put(M, 2, "alice", 1, filled(size, 5));
      before.put(M, 2, "carol", 1, filled(size, 6));
      before.awaitVersion(M, 3);
      before.put(M, 3, "alice", 1, filled(size, 7));
      try (Rig after = before.crashed(data.resolve("b"))) {
        after.put(M, 3, "bob", 1, filled(size, 8));
        after.awaitVersion(M, 4);
        assertThat(after.weights(M)).isEqualTo(floats(filled(size, -2 - 2 - 5.5 - 7.5)));
        Path round = data.resolve("b/models/toy/open/0000004");
        assertThat(Files.readString(round.resolve("journal.jsonl")))
            .contains("\"format\":3", "\"row_bytes\":1200000,\"row_stride\":1245184");
        assertThat(round.resolve("updates.bin")).hasSize(1245184 + 1200000);
      }
    }
  }

  private static double[] filled(int size, double value) {
    var values = new double[size];
    Arrays.fill(values, value);
    return values;
  }

  /** Until format 2 journals had no {@code row_stride}: rows followed without gaps. */
  @Test
  void journalOfFormat1_isTakenUp_withItsMatrix(@TempDir Path data) throws IOException {
    int size = 300_000;
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(size, 2, 2));
      before.put(M, 0, "alice", 1, filled(size, 1));
      before.copyTo(data.resolve("b"));
    }
    Path journal = journal(data.resolve("b"));
    var lines = Files.readAllLines(journal);
    ObjectNode first =
        Objects.requireNonNull(CheckedLine.decode((lines.getFirst() + "\n").getBytes(UTF_8)));
    first.put("format", 1).remove("row_stride");
    long shorter = lines.getFirst().length() + 1L - CheckedLine.encode(first).length;
    ObjectNode second =
        Objects.requireNonNull(CheckedLine.decode((lines.get(1) + "\n").getBytes(UTF_8)));
    second.put("durable", second.required("durable").longValue() - shorter);
    Files.write(journal, CheckedLine.encode(first));
    Files.write(journal, CheckedLine.encode(second), StandardOpenOption.APPEND);
    try (Rig after = Rig.on(data.resolve("b"))) {
      after.put(M, 0, "bob", 1, filled(size, 3));
      after.awaitVersion(M, 1);
      assertThat(after.weights(M)).isEqualTo(floats(filled(size, -2)));
      Path round = data.resolve("b/models/toy/open/0000001");
      assertThat(Files.readString(round.resolve("journal.jsonl")))
          .contains("\"format\":3", "\"row_stride\":1200000");
      assertThat(round.resolve("updates.bin")).hasSize(2 * 1200000);
    }
  }

  @Test
  void whatACrashLeavesBehind_isRemoved(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 2, 2));
      before.put(M, 0, "alice", 1, 1);
      before.put(M, 0, "bob", 1, 1);
      before.awaitVersion(M, 1);
      before.put(M, 1, "alice", 1, 1);
      Path copy = data.resolve("b");
      before.copyTo(copy);
      Path model = copy.resolve("models/toy");
      // a version that was being written, one that was being removed, rounds before and after
      Rig.copy(model.resolve("versions/0000001"), model.resolve("versions/.draft-1"));
      Rig.copy(model.resolve("versions/0000001"), model.resolve("versions/.old-1"));
      Files.createDirectory(model.resolve("open/0000000"));
      Files.write(model.resolve("open/0000000/updates.bin"), new byte[8]);
      Files.createDirectory(model.resolve("open/0000002"));
      String head = Files.readAllLines(model.resolve("open/0000001/journal.jsonl")).getFirst();
      Files.writeString(model.resolve("open/0000002/journal.jsonl"), head + "\n");
      Rig.copy(model, copy.resolve("trash/toy-17"));
      try (Rig after = Rig.on(copy)) {
        assertThat(copy.resolve("trash")).isEmptyDirectory();
        assertThat(model.resolve("versions").toFile().list()).containsExactly("0000001");
        assertThat(model.resolve("open").toFile().list()).containsExactly("0000001");
        after.put(M, 1, "bob", 1, 3);
        after.awaitVersion(M, 2);
        assertThat(after.weights(M)).isEqualTo(floats(-3));
      }
    }
  }

  @Test
  void versionWithoutItsRound_getsOne(@TempDir Path data) throws IOException {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 1, 1));
      before.copyTo(data.resolve("b"));
      before.advance(M, 1);
      Path copy = data.resolve("b/models/toy"); // the crash came right behind the commit
      Rig.copy(before.folder(M).resolve("versions/0000001"), copy.resolve("versions/0000001"));
      try (Rig after = Rig.on(data.resolve("b"))) {
        assertThat(copy.resolve("open").toFile().list()).containsExactly("0000001");
        after.advance(M, 1);
        assertThat(after.weights(M)).isEqualTo(floats(-2));
      }
    }
  }

  @Test
  void deadlines_goOnFromTheWallClock(@TempDir Path data) {
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(M, Rig.plain(1, 2, 2));
      before.changes(M).setPolicy(new RoundPolicy(2, 2, Duration.ofHours(1), null));
      before.clock().advance(Duration.ofMinutes(150));
      try (Rig after = before.crashed(data.resolve("b"))) {
        assertThat(after.coordinator().status(M).openedAt()).isEqualTo(FakeClock.START);
        assertThat(after.coordinator().status(M).deadline())
            .isEqualTo(FakeClock.START.plus(Duration.ofHours(3)));
      }
    }
  }
}
