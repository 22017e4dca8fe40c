package io.fedstep.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.DecisionCodec;
import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.PrivacyAccount;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.Decision;
import io.fedstep.round.NoiseKey;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.DataFolder;
import io.fedstep.store.InMemory;
import io.fedstep.store.SimDisk;
import io.fedstep.store.StorageException;
import io.fedstep.store.Unforced;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The ledger and the noise's key of a private model, whatever happens to its server. */
@BesideOthers
@Order(7)
class PrivateModelsTest {
  private static final String M = "secret";

  /** Pays for three rounds of a client. */
  private static final String SPEC =
      """
      {"tensors": {"w": [5]}, "dtype": "float64", "optimizer": {"lrate": 1.0, "modules": []},
       "aggregator": ["averaging", {"steps_weighted": false}], "round": {"min_updates": 2},
       "privacy": {"clip_norm": 1, "noise_multiplier": 1.2, "epsilon": 7.3692, "delta": 1e-5}}\
      """;

  /** Draws all clients but one in a million, and has places for two. */
  private static final String SAMPLED =
      SPEC.replace(
              "\"min_updates\": 2",
              "\"participation\": 0.999999, \"timeout\": \"1d\", \"max_updates\": 2")
          .replace("\"clip_norm\": 1", "\"clip_norm\": 1, \"expected_updates\": 1");

  private static final String ADAPTS = "\"adaptive_clip\": {\"quantile\": 0.5, \"rate\": 0.2}";

  private static final String ADAPTIVE =
      SPEC.replace("\"clip_norm\": 1", "\"clip_norm\": 1, " + ADAPTS)
          .replace("1.2", "0.1")
          .replace("7.3692", "null");

  private static PrivacyAccount account(Rig rig, String client) {
    return account(rig, M, client);
  }

  private static PrivacyAccount account(Rig rig, String model, String client) {
    return Objects.requireNonNull(rig.coordinator().account(model, client));
  }

  private static void round(Rig rig, long number, String... clients) {
    for (String client : clients) {
      rig.put(M, number, client, 1, 1, 2, 3, 4, 5);
    }
    rig.awaitVersion(M, number + 1);
  }

  @Test
  void ledger_isTheSameAfterARestart_andCannotBeRolledBack(@TempDir Path data) {
    Rig rig = Rig.on(data);
    rig.create(M, SPEC);
    round(rig, 0, "a", "b");
    round(rig, 1, "a", "c");
    PrivacyAccount spent = account(rig, "a");
    assertThat(spent.rounds()).isEqualTo(2);
    assertThat(spent.roundsLeft()).isEqualTo(1);
    rig.put(M, 2, "b", 1, 1, 2, 3, 4, 5); // of a round that is discarded
    rig.changes(M).restore(Objects.requireNonNull(rig.coordinator().version(M, 0)), Expected.ANY);
    assertThat(account(rig, "a")).isEqualTo(spent);
    assertThat(account(rig, "b").rounds()).isEqualTo(1);
    rig = rig.restarted();
    assertThat(account(rig, "a")).isEqualTo(spent);
    for (long version = 1; version <= 3; version++) {
      assertThat(rig.folder(M).resolve("versions/000000" + version + "/privacy.json")).exists();
    }
    round(rig, 3, "a", "b");
    Rig last = rig;
    assertThat(Rig.refusal(() -> last.put(M, 4, "a", 1, 1, 2, 3, 4, 5)).problem())
        .isEqualTo(Problem.BUDGET_SPENT);
    last.close();
  }

  @Test
  void undeletedModel_hasItsLedger(@TempDir Path data) {
    try (Rig rig = Rig.keeping(Duration.ofHours(1), Unforced.disk(), data, Rig.LIMITS)) {
      rig.create(M, SPEC);
      round(rig, 0, "a", "b");
      round(rig, 1, "a", "c");
      PrivacyAccount spent = account(rig, "a");
      rig.coordinator().delete(M);
      rig.coordinator().undelete(M);
      assertThat(account(rig, "a")).isEqualTo(spent);
      assertThat(spent.rounds()).isEqualTo(2);
      round(rig, 2, "a", "b");
      assertThat(Rig.refusal(() -> rig.put(M, 3, "a", 1, 1, 2, 3, 4, 5)).problem())
          .isEqualTo(Problem.BUDGET_SPENT);
    }
  }

  @Test
  void clipNorm_movesWithTheRounds_andIsRestoredAndRepeatedWithItsVersion(@TempDir Path data) {
    Rig rig = Rig.on(data);
    rig.create(M, ADAPTIVE);
    round(rig, 0, "a", "b"); // both are cut
    double second = clip(rig);
    assertThat(second).isCloseTo(Math.exp(0.2 * 0.5), within(0.07)); // seven times the noise
    round(rig, 1, "a", "b");
    double third = clip(rig);
    assertThat(third).isGreaterThan(second);
    assertThat(clipOf(rig, 0)).isEqualTo(1);
    assertThat(clipOf(rig, 1)).isEqualTo(second);
    rig = rig.restarted();
    assertThat(clip(rig)).isEqualTo(third);
    rig.changes(M).restore(rig.coordinator().version(M, 1), Expected.ANY);
    assertThat(clip(rig)).isEqualTo(second);
    rig.changes(M).restore(rig.coordinator().version(M, 0), Expected.ANY);
    assertThat(clip(rig)).isEqualTo(1);
    assertThat(account(rig, "a").rounds()).isEqualTo(2);
    rig.close();
  }

  @Test
  void clipNorm_staysInARoundWithoutAVersionOfItsOwn(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(
          M,
          SAMPLED
              .replace("\"max_updates\": 2", "\"max_updates\": 4")
              .replace("\"expected_updates\": 1", "\"expected_updates\": 2, " + ADAPTS)
              .replace("1.2", "0.1")
              .replace("7.3692", "null"));
      rig.changes(M).close();
      double clip = clip(rig);
      assertThat(clip).isNotEqualTo(1);
      for (String client : List.of("a", "b", "c", "d")) {
        rig.put(M, 1, client, 1, 1, 2, 3, 4, 5);
      }
      assertThat(Rig.refusal(() -> rig.put(M, 1, "e", 1, 1, 2, 3, 4, 5)).problem())
          .isEqualTo(Problem.ROUND_CLOSED);
      rig.awaitVersion(M, 2);
      assertThat(clip(rig)).isEqualTo(clip);
    }
  }

  @Test
  void roundThatIsNotFinite_isPaidFor_andMovesNoClipNorm(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create(
          M, ADAPTIVE.replace("\"clip_norm\": 1", "\"clip_norm\": 1e10").replace("1.0", "1e300"));
      round(rig, 0, "a", "b");
      RoundRecord record = Objects.requireNonNull(rig.coordinator().rounds().record(M, 0));
      assertThat(record.outcome()).isEqualTo(RoundRecord.Outcome.NOT_FINITE);
      assertThat(account(rig, "a").rounds()).isEqualTo(1);
      assertThat(account(rig, "c").rounds()).isZero();
      assertThat(Objects.requireNonNull(record.epsilon())).isEqualTo(account(rig, "a").epsilon());
      assertThat(clip(rig)).isEqualTo(1e10);
    }
  }

  private static double clip(Rig rig) {
    return account(rig, "a").privacy().clipNorm();
  }

  private static double clipOf(Rig rig, long round) {
    RoundRecord record = Objects.requireNonNull(rig.coordinator().rounds().record(M, round));
    return Objects.requireNonNull((DifferentialPrivacy) record.spec().protection()).clipNorm();
  }

  @Test
  void copy_hasTheNewestLedger_whateverItsVersion(@TempDir Path data) {
    Rig rig = Rig.on(data);
    rig.create(M, SPEC);
    round(rig, 0, "a", "b");
    round(rig, 1, "a", "c");
    rig.copy("copy", "{\"from\": {\"model\": \"%s\", \"version\": 0}}".formatted(M));
    assertThat(account(rig, "copy", "a")).isEqualTo(account(rig, "a"));
    rig = rig.restarted();
    assertThat(account(rig, "copy", "a")).isEqualTo(account(rig, "a"));
    assertThat(account(rig, "copy", "b").rounds()).isEqualTo(1);
    Rig last = rig;
    for (String beside :
        List.of(
            "\"privacy\": {\"clip_norm\": 1, \"noise_multiplier\": 9, \"delta\": 1e-6}",
            "\"privacy\": null",
            "\"round\": {\"min_updates\": 2, \"participation\": 1}")) {
      String request = "{\"from\": {\"model\": \"%s\"}, %s}".formatted(M, beside);
      Refusal refusal = Rig.refusal(() -> last.copy("other", request));
      assertThat(refusal.problem()).as(beside).isEqualTo(Problem.BAD_SPEC);
      assertThat(refusal.detail()).contains("cannot be given beside 'from'");
    }
    last.close();
  }

  @Test
  void copyThatBecomesPrivate_beginsToCount(@TempDir Path data) {
    try (Rig rig = Rig.on(data)) {
      rig.create("open", Rig.plain(5, 1, 1));
      rig.advance("open", 1, 2, 3, 4, 5);
      rig.copy(
          M,
          """
          {"from": {"model": "open"}, "aggregator": ["averaging", {"steps_weighted": false}],
           "privacy": {"clip_norm": 1, "noise_multiplier": 9, "delta": 1e-6}}\
          """);
      assertThat(account(rig, "a").rounds()).isZero();
      rig.put(M, 0, "a", 1, 1, 2, 3, 4, 5);
      rig.awaitVersion(M, 1);
      assertThat(account(rig, "a").rounds()).isEqualTo(1);
    }
  }

  @Test
  void corruptLedger_isNamed(@TempDir Path data) throws IOException {
    Rig rig = Rig.on(data);
    rig.create(M, SPEC);
    round(rig, 0, "a", "b");
    rig.close();
    Path ledger = data.resolve("models").resolve(M).resolve("versions/0000001/privacy.json");
    String text = Files.readString(ledger);
    Files.writeString(ledger, text.replace("\"a\":1", "\"a\":0"));
    try (Rig after = Rig.on(data)) {
      assertThat(after.coordinator().brokenBy(M)).contains("privacy.json");
    }
  }

  @Test
  void closeThatWasDecided_isMadeWithItsKey(@TempDir Path data) throws IOException {
    byte[] key = new byte[32];
    new Random(4).nextBytes(key);
    var closed = new Decision.Closed(Decision.Cause.MANUAL, FakeClock.START).with(NoiseKey.of(key));
    byte[][] made = new byte[2][];
    try (Rig before = Rig.on(data.resolve("a"))) {
      before.create(
          M, SPEC.replace("\"min_updates\": 2", "\"min_updates\": 1, \"max_updates\": 9"));
      before.put(M, 0, "a", 1, 1, 2, 3, 4, 5);
      for (int life = 0; life < 2; life++) {
        Path copy = data.resolve("b" + life);
        before.copyTo(copy);
        Path journal = copy.resolve("models").resolve(M).resolve("open/0000000/journal.jsonl");
        Files.write(
            journal, CheckedLine.encode(DecisionCodec.write(closed)), StandardOpenOption.APPEND);
        try (Rig after = Rig.on(copy)) {
          after.awaitVersion(M, 1);
          made[life] = after.weights(M);
          assertThat(account(after, "a").rounds()).isEqualTo(1);
        }
        try (var files = Files.walk(copy)) {
          for (Path file : files.filter(Files::isRegularFile).toList()) {
            assertThat(Files.readString(file, ISO_8859_1))
                .as(file.toString())
                .doesNotContain(NoiseKey.of(key).hex());
          }
        }
      }
      assertThat(made[1]).isEqualTo(made[0]);
      before.changes(M).close();
      before.awaitVersion(M, 1);
      assertThat(before.weights(M)).isNotEqualTo(made[0]); // its key was drawn
    }
  }

  /** At each crash nothing is paid for twice, nor forgotten. */
  @ParameterizedTest
  @CsvSource({"POWER, false", "KILL, false", "POWER, true", "KILL, true"})
  void crashAtEveryOperation_countsEachRoundOnce(
      SimDisk.Fault fault, boolean sampled, @TempDir(factory = InMemory.class) Path folder) {
    ModelSpec spec = // whose check is longer than a round: it accounts for budgets
        SpecCodec.read(
            Json.readObject(new ByteArrayInputStream((sampled ? SAMPLED : SPEC).getBytes(UTF_8))));
    for (int operation = 0; ; operation++) {
      Path own = folder.resolve("at-" + operation);
      try (var lives = new Lives(own, fault, operation, spec)) {
        lives.train();
        if (!lives.crashed) {
          assertThat(operation).isGreaterThan(20);
          return;
        }
      }
    }
  }

  /** A server on a disk that dies at one operation, and the one that goes on with what is left. */
  private static final class Lives implements AutoCloseable {
    private static final List<List<String>> ROUNDS =
        List.of(List.of("a", "b"), List.of("a", "c"), List.of("c", "b"));

    private final ModelSpec spec;
    private final List<List<String>> rounds;
    private final Path folder;
    private final SimDisk.Fault fault;
    private SimDisk disk;
    private Coordinator coordinator;
    private boolean crashed;

    Lives(Path folder, SimDisk.Fault fault, long operation, ModelSpec spec) {
      this.spec = spec;
      rounds = spec.isSampled() ? ROUNDS.subList(1, 3) : ROUNDS;
      this.folder = folder;
      this.fault = fault;
      disk = SimDisk.in(folder.resolve("first"), new Random(operation));
      coordinator = coordinator(disk);
      disk.fail(fault, operation, false);
    }

    private static Coordinator coordinator(SimDisk disk) {
      var incarnations = new AtomicInteger();
      return new LocalCoordinator(
          new DataFolder(disk.disk(), disk.root()),
          Simulation.LIMITS,
          new FakeClock(),
          () -> HexFormat.of().toHexDigits(incarnations.getAndIncrement()),
          Listener.NONE);
    }

    void train() {
      asked(() -> coordinator.create(M, spec));
      for (int round = 0; round < rounds.size(); round++) {
        for (String client : rounds.get(round)) {
          long number = round;
          asked(() -> put(number, client));
        }
        if (spec.isSampled()) {
          end(round);
        }
        assertThat(newest()).isEqualTo(round + 1);
        for (String client : List.of("a", "b", "c")) {
          long paid =
              rounds.subList(0, round + 1).stream()
                  .filter(in -> spec.isSampled() || in.contains(client))
                  .count();
          assertThat(Objects.requireNonNull(coordinator.account(M, client)).rounds())
              .as("%s after round %s", client, round)
              .isEqualTo(paid);
        }
      }
    }

    /** Ends a round that no number ends: the last by an update without a place. */
    private void end(long round) {
      asked(() -> {
        settle(); // what was decided before a crash
        if (newest() > round) {
          return;
        }
        if (round < rounds.size() - 1) {
          coordinator.changes(M).close();
        } else {
          Refusal refusal = Rig.refusal(() -> put(round, "a"));
          if (refusal.problem() != Problem.ROUND_CLOSED) {
            throw refusal.exception(); // the disk died
          }
        }
      });
    }

    private long newest() {
      return coordinator.status(M).newest().version();
    }

    private void put(long round, String client) {
      try (Upload upload = coordinator.begin(M, round, client, null)) {
        var _ = Rig.submit(upload, 1, 1, 2, 3, 4, 5);
      }
    }

    /** Waits until the model's thread has done what it was asked, by a change that is refused. */
    private void settle() {
      try {
        coordinator.changes(M).restore(coordinator.version(M, newest()), new Expected(-1L, null));
      } catch (RefusedException e) {
        // there is no version -1
      }
    }

    /** Does something, again in another life where a crash came. */
    private void asked(Runnable request) {
      try {
        request.run();
        settle();
      } catch (RefusedException | StorageException e) {
        if (!disk.struck()) {
          throw e;
        }
      }
      if (disk.dead()) {
        crashed = true;
        coordinator.close();
        disk =
            fault == SimDisk.Fault.POWER
                ? disk.afterPowerLoss(folder.resolve("second"))
                : disk.afterKill(folder.resolve("second"));
        coordinator = coordinator(disk);
        request.run();
        settle();
      }
    }

    @Override
    public void close() {
      coordinator.close();
    }
  }
}
