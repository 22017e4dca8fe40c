package io.fedstep.local;

import static io.fedstep.local.Rig.refusal;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.Crc32c;
import io.fedstep.codec.Json;
import io.fedstep.coordinator.BodyReader;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.PausedUpload;
import io.fedstep.coordinator.PausedUploads;
import io.fedstep.coordinator.SentBytes;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Problem;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.PausedHead;
import io.fedstep.store.Unforced;
import io.fedstep.vector.Dtype;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** The life of uploads that come in several requests: rounds, restarts, time, limits. */
@BesideOthers
class PausedUploadsTest {
  private static final byte[] ROW = Rig.bytes(Dtype.FLOAT32, 1, 2, 3, 4);
  private static final String PLAIN = Rig.plain(4, 2, 2);

  @TempDir private Path data;

  private static PausedHead head(Rig rig, long round, String client) {
    return new PausedHead(
        rig.coordinator().newUploadId(),
        round,
        client,
        Map.of("weight", "1"),
        "application/octet-stream",
        ROW.length,
        null,
        false);
  }

  static PausedUpload begin(Rig rig, long round, String client) {
    return rig.coordinator().paused("m").create(head(rig, round, client), PausedCrashTest.OCTETS);
  }

  static PausedUpload found(Rig rig, PausedUpload of) {
    return rig.coordinator()
        .paused("m")
        .find(of.head().round(), of.head().client(), of.head().id());
  }

  static Upload.@Nullable Answer send(PausedUpload upload, int from, int to) {
    return send(upload, from, to, PausedCrashTest.OCTETS);
  }

  private static Upload.@Nullable Answer send(
      PausedUpload upload, int from, int to, BodyReader reader) {
    try {
      return upload.take(
          new SentBytes(
              from,
              to == ROW.length,
              to - from,
              new ByteArrayInputStream(ROW, from, to - from),
              () -> {}),
          reader);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A reader that has something happen each time before it says what is beside the numbers. */
  private static BodyReader after(Runnable happens) {
    return new BodyReader() {
      @Override
      public UpdateMetadata metadata(PausedHead head) {
        happens.run();
        return PausedCrashTest.OCTETS.metadata(head);
      }

      @Override
      public Upload begin(PausedHead head, Upload.Beginning beginning) {
        return PausedCrashTest.OCTETS.begin(head, beginning);
      }

      @Override
      public VectorSummary read(PausedHead head, InputStream body, Upload upload)
          throws IOException {
        return PausedCrashTest.OCTETS.read(head, body, upload);
      }
    };
  }

  /** Sends the rest. */
  static Upload.Answer rest(PausedUpload upload, int from) {
    return Objects.requireNonNull(send(upload, from, ROW.length));
  }

  @Test
  void restarts_betweenPieces_changeNothing() {
    Rig rig = Rig.on(data);
    rig.create("m", PLAIN);
    PausedUpload upload = begin(rig, 0, "alice");
    for (int at = 0; at < ROW.length; at += 2) {
      Upload.Answer answer = send(found(rig, upload), at, at + 2);
      if (answer != null) {
        assertThat(answer.update().summary().digest()).isEqualTo(Crc32c.digest(Crc32c.of(ROW)));
        assertThat(answer.update().summary().transfer().bytes()).isEqualTo(ROW.length);
      }
      rig = rig.restarted();
      PausedUpload.Standing standing = found(rig, upload).standing();
      assertThat(standing).isEqualTo(new PausedUpload.Standing(at + 2, answer != null, ROW.length));
      assertThat(rig.coordinator().pausedUploads()).isEqualTo(answer == null ? 1 : 0);
    }
    assertThat(rest(found(rig, upload), ROW.length).repeated()).isTrue();
    rig.close();
  }

  @Test
  void round_takesItsUploadsAlong() {
    try (Rig rig = Rig.on(data)) {
      rig.create("m", PLAIN);
      PausedUpload upload = begin(rig, 0, "alice");
      send(upload, 0, 4);
      rig.put("m", 0, "bob", 1, 1, 2, 3, 4);
      rig.put("m", 0, "carol", 1, 1, 2, 3, 4);
      rig.awaitVersion("m", 1);
      assertThat(refusal(() -> found(rig, upload)).problem()).isEqualTo(Problem.ROUND_CLOSED);
      rig.coordinator().paused("m").delete(0, "alice", upload.head().id());
      rig.coordinator().paused("m").sweep();
      assertThat(rig.coordinator().pausedUploads()).isZero();
      assertThat(rig.coordinator().pausedBytes()).isZero();
      assertThat(uploads(rig)).isEmpty();
      assertThat(rest(begin(rig, 1, "alice"), 0).repeated()).isFalse();
    }
  }

  @Test
  void requestThatIsBusy_whileItsRoundEnds_findsItsFile() {
    try (Rig rig = Rig.on(data)) {
      rig.create("m", PLAIN);
      PausedUpload upload = begin(rig, 0, "alice");
      PausedUploads uploads = rig.coordinator().paused("m");
      BodyReader reader =
          after(() -> {
            rig.put("m", 0, "bob", 1, 1, 2, 3, 4);
            rig.put("m", 0, "carol", 1, 1, 2, 3, 4);
            rig.awaitVersion("m", 1);
            CompletableFuture.runAsync(uploads::sweep, Thread::startVirtualThread).join();
            assertThat(uploads(rig)).hasSize(2);
          });
      assertThat(refusal(() -> send(upload, 0, ROW.length, reader)).problem())
          .isEqualTo(Problem.ROUND_CLOSED);
      uploads.sweep();
      assertThat(uploads(rig)).isEmpty();
    }
  }

  @Test
  void update_isAnswered_whateverBecomesOfItsFile() {
    try (Rig rig = Rig.on(data)) {
      rig.create("m", PLAIN);
      PausedUpload upload = begin(rig, 0, "alice");
      BodyReader reader = after(() -> delete(folder(rig)));
      assertThat(send(upload, 0, ROW.length, reader)).isNotNull();
      assertThat(rig.coordinator().pausedBytes()).isZero();
    }
  }

  private static void delete(Path folder) {
    try {
      FileSystemUtils.deleteRecursively(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path folder(Rig rig) {
    return rig.folder("m").resolve("open").resolve("uploads");
  }

  private static List<Path> uploads(Rig rig) {
    try (Stream<Path> files = Files.walk(folder(rig))) {
      return files.filter(Files::isRegularFile).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void bufferedRounds_keepUploads_asLongAsTheirUpdatesCount() {
    Rig rig = Rig.on(data);
    rig.create(
        "m",
        """
        {"tensors": {"w": [4]}, "optimizer": {"lrate": 1.0, "modules": []},
         "round": {"min_updates": 1, "mode": "buffered", "max_staleness": 2,
                   "staleness_exponent": 0}}\
        """);
    PausedUpload first = begin(rig, 0, "alice");
    PausedUpload second = begin(rig, 0, "bob");
    send(first, 0, 8);
    send(second, 0, 12);
    rig.advance("m", 1, 1, 1, 1);
    rig.advance("m", 1, 1, 1, 1);
    rig = rig.restarted();
    Upload.Answer answer = rest(found(rig, first), 8);
    assertThat(answer.update().staleness()).isEqualTo(2);
    assertThat(answer.update().summary().digest()).isEqualTo(Crc32c.digest(Crc32c.of(ROW)));
    rig.awaitVersion("m", 3);
    Rig late = rig;
    assertThat(refusal(() -> found(late, second)).problem()).isEqualTo(Problem.ROUND_CLOSED);
    rig.close();
  }

  @Test
  void stoppedTraining_keepsTheBytes() {
    try (Rig rig = Rig.on(data)) {
      rig.create("m", PLAIN);
      PausedUpload upload = begin(rig, 0, "alice");
      send(upload, 0, 4);
      rig.changes("m").stop();
      assertThat(refusal(() -> rest(upload, 4)).problem()).isEqualTo(Problem.TRAINING_STOPPED);
      assertThat(upload.told()).isEqualTo(new PausedUpload.Standing(4, false, ROW.length));
      rig.changes("m").start();
      assertThat(rest(upload, 4).repeated()).isFalse();
    }
  }

  @Test
  void wholeUpdateBesideIt_countsIfItIsFirst() {
    try (Rig rig = Rig.on(data)) {
      rig.create("m", PLAIN);
      PausedUpload same = begin(rig, 0, "alice");
      send(same, 0, 4);
      rig.put("m", 0, "alice", 1, 1, 2, 3, 4);
      assertThat(refusal(() -> begin(rig, 0, "alice")).problem()).isEqualTo(Problem.UPDATE_EXISTS);
      assertThat(rest(same, 4).repeated()).isTrue();
    }
  }

  @Test
  void anotherUpdateOfItsClient_differs_andEndsIt() {
    try (Rig rig = Rig.on(data)) {
      rig.create("m", PLAIN);
      PausedUpload other = begin(rig, 0, "alice");
      send(other, 0, 4);
      rig.put("m", 0, "alice", 1, 4, 3, 2, 1);
      assertThat(refusal(() -> rest(other, 4)).problem()).isEqualTo(Problem.UPDATE_DIFFERS);
      assertThat(other.told()).isNull();
      assertThat(refusal(() -> found(rig, other)).problem()).isEqualTo(Problem.UPLOAD_NOT_FOUND);
    }
  }

  @Test
  void nextCreation_replacesIt_andAnHourEndsIt() {
    try (Rig rig = Rig.keeping(Duration.ofDays(1), Unforced.disk(), data, Rig.LIMITS)) {
      rig.create("m", PLAIN);
      PausedUpload replaced = begin(rig, 0, "alice");
      PausedUpload upload = begin(rig, 0, "alice");
      assertThat(refusal(() -> found(rig, replaced)).problem()).isEqualTo(Problem.UPLOAD_NOT_FOUND);
      assertThat(rig.coordinator().pausedUploads()).isEqualTo(1);
      rig.pass(Duration.ofMinutes(59));
      send(found(rig, upload), 0, 4);
      rig.pass(Duration.ofMinutes(59));
      assertThat(found(rig, upload).standing().offset()).isEqualTo(4);
      rig.pass(Duration.ofMinutes(2));
      assertThat(rig.coordinator().pausedUploads()).isZero();
      assertThat(refusal(() -> found(rig, upload)).problem()).isEqualTo(Problem.UPLOAD_NOT_FOUND);
    }
  }

  @Test
  void moreThanTheLimit_areRefused_andThoseOfEarlierLivesCount() {
    Limits two = new Limits(10, 10, 10, 10, 2, 10, 10, 1);
    Rig rig = Rig.on(data, two);
    rig.create("m", PLAIN);
    PausedUpload first = begin(rig, 0, "a");
    begin(rig, 0, "b");
    Rig before = rig;
    assertThat(refusal(() -> begin(before, 0, "c")).problem()).isEqualTo(Problem.TOO_MANY_REQUESTS);
    begin(rig, 0, "b");
    rig = rig.restarted();
    Rig after = rig;
    assertThat(refusal(() -> begin(after, 0, "c")).problem()).isEqualTo(Problem.TOO_MANY_REQUESTS);
    found(rig, first).delete();
    begin(rig, 0, "c");
    rig.close();
  }

  /** Only so many decoders rest; the others are made again from what has come. */
  @Test
  void manyUploads_restWithoutADecoder() {
    try (Rig rig = Rig.on(data)) {
      rig.create("m", Rig.plain(4, 100, 100));
      List<PausedUpload> all =
          Stream.iterate(0, i -> i < 80, i -> i + 1).map(i -> begin(rig, 0, "c" + i)).toList();
      all.forEach(upload -> send(upload, 0, 5));
      for (PausedUpload upload : all) {
        assertThat(rest(upload, 5).update().summary().digest())
            .isEqualTo(Crc32c.digest(Crc32c.of(ROW)));
      }
    }
  }

  /** What is cut off, or not as it was, behind the last frame that is whole does not count. */
  @Test
  void tornBytes_areCutOff() throws IOException {
    Rig rig = Rig.on(data);
    rig.create("m", PLAIN);
    PausedUpload upload = begin(rig, 0, "alice");
    send(upload, 0, 4);
    send(upload, 4, 8);
    rig.close();
    Path bytes =
        uploads(rig).stream().filter(file -> file.toString().endsWith(".bin")).findFirst().get();
    byte[] whole = Files.readAllBytes(bytes);
    assertThat(whole).hasSize(2 * (8 + 4));
    for (byte[] torn :
        List.of(
            Arrays.copyOf(whole, whole.length - 1),
            Arrays.copyOf(whole, whole.length - 5),
            flipped(whole, whole.length - 1),
            flipped(whole, 12),
            flipped(whole, 17))) {
      Files.write(bytes, torn);
      rig = rig.restarted();
      assertThat(found(rig, upload).standing().offset()).isEqualTo(4);
      rig.close();
    }
    Files.write(bytes, flipped(whole, whole.length - 2));
    rig = rig.restarted();
    assertThat(rest(found(rig, upload), 4).update().summary().digest())
        .isEqualTo(Crc32c.digest(Crc32c.of(ROW)));
    rig.close();
  }

  /** Releases before said in the head that an upload is an update; a crash may leave its bytes. */
  @Test
  void headOfAnEarlierRelease_thatIsComplete_opens() throws IOException {
    Rig rig = Rig.on(data);
    rig.create("m", PLAIN);
    PausedUpload upload = begin(rig, 0, "alice");
    Upload.Answer receipt = rest(upload, 0);
    Path done = uploads(rig).getFirst();
    rig.close();
    String id = upload.head().id();
    assertThat(done.getFileName()).hasToString(id + ".done");
    String head =
        """
        {"format":1,"id":"%s","round":0,"client":"alice","type":"application/octet-stream",\
        "length":16,"digest":null,"complete":true,"query":{"weight":"1"}}\
        """
            .formatted(id);
    Files.write(
        done.resolveSibling(id + ".json"),
        CheckedLine.encode(Json.readObject(new ByteArrayInputStream(head.getBytes(UTF_8)))));
    Files.write(done.resolveSibling(id + ".bin"), new byte[20]);
    Files.delete(done);
    rig = rig.restarted();
    PausedUpload again = found(rig, upload);
    assertThat(again.standing()).isEqualTo(new PausedUpload.Standing(ROW.length, true, ROW.length));
    assertThat(rest(again, ROW.length)).isEqualTo(new Upload.Answer(receipt.update(), true));
    assertThat(rig.coordinator().pausedUploads()).isZero();
    assertThat(rig.coordinator().pausedBytes()).isZero();
    rig.put("m", 0, "bob", 1, 1, 2, 3, 4);
    rig.awaitVersion("m", 1);
    rig.coordinator().paused("m").sweep();
    assertThat(uploads(rig)).isEmpty();
    rig.close();
  }

  private static byte[] flipped(byte[] bytes, int at) {
    byte[] other = bytes.clone();
    other[at] ^= 1;
    return other;
  }

  /** Bytes that change under a running server are no update: the upload is gone, the model not. */
  @Test
  void corruptBytes_endTheUploadAlone() throws IOException {
    Rig rig = Rig.on(data);
    rig.create("m", PLAIN);
    PausedUpload upload = begin(rig, 0, "alice");
    send(upload, 0, 8);
    rig = rig.restarted();
    PausedUpload again = found(rig, upload);
    assertThat(again.standing().offset()).isEqualTo(8);
    Path bytes =
        uploads(rig).stream().filter(file -> file.toString().endsWith(".bin")).findFirst().get();
    try (var file = new RandomAccessFile(bytes.toFile(), "rw")) {
      file.seek(9);
      file.write(77);
    }
    assertThat(refusal(() -> rest(again, 8)).problem()).isEqualTo(Problem.UPLOAD_NOT_FOUND);
    rig.put("m", 0, "alice", 1, 1, 2, 3, 4);
    rig.close();
  }
}
