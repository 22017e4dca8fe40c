package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.problem.Problem;
import io.fedstep.round.Decision;
import io.fedstep.round.Masked;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Unforced;
import io.fedstep.vector.Dtype;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Secure rounds from the coordinator's front door: who is lost, who is wrong, what comes of it. */
class SecureRoundsTest {
  private static final String M = "masked";
  private static final Limits LIMITS = new Limits(5, 5, 100, 100, 100, 100, 1000, 2);
  private static final List<String> FIVE = List.of("ann", "ben", "cem", "dua", "eli");
  private static final String SPEC =
      """
      {"tensors": {"w": [3]}, "dtype": "float64", "optimizer": {"lrate": 1.0, "modules": []},
       "round": {"min_updates": 3, "max_updates": 5, "timeout": "40s"},
       "secure": {"threshold": 0.5, "clip": 4, "max_weight": 8, "metrics": ["loss"]}}\
      """;

  @TempDir private Path folder;
  private final FakeClock clock = new FakeClock();
  private SimScheduler alarms = new SimScheduler(clock);
  private Coordinator coordinator;
  private final SecureMembers members = new SecureMembers(() -> coordinator, M);

  @BeforeEach
  void start() {
    alarms = new SimScheduler(clock);
    coordinator =
        new LocalCoordinator(
            new DataFolder(Unforced.disk(), folder),
            LIMITS,
            clock,
            alarms,
            () -> "0a1b2c3d",
            Listener.NONE);
    if (coordinator.models().isEmpty()) {
      coordinator.create(M, SecureMembers.spec(SPEC));
    }
  }

  @AfterEach
  void end() {
    coordinator.close();
  }

  private ModelStatus status() {
    return coordinator.durableStatus(M);
  }

  private void pass(int seconds) {
    clock.advance(Duration.ofSeconds(seconds));
    alarms.ring();
    coordinator.changes(M).setPolicy(coordinator.spec(M).round()); // behind what has rung
  }

  private void update(long round, String client) {
    int i = FIVE.indexOf(client) + 1;
    members.update(round, client, new double[] {i, -0.5 * i, 0.25}, i, 0.5);
  }

  private RoundRecord awaitRecord(long round) {
    coordinator.await(M, now -> now.round() > round, Duration.ofSeconds(20));
    return Objects.requireNonNull(coordinator.rounds().record(M, round));
  }

  private byte[] weights(long version) {
    return Rig.bytes(coordinator.version(M, version).weightBytes());
  }

  private String view(RoundRecord record) {
    return RecordCodec.view(M, record).toString();
  }

  /** All join and share, those given send their updates, the rest of the time passes. */
  private void collect(long round, List<String> online) {
    FIVE.forEach(client -> members.join(round, client));
    FIVE.forEach(client -> members.share(round, client));
    online.forEach(client -> update(round, client));
    if (online.size() < FIVE.size()) {
      pass(40);
    }
    assertThat(status().stage()).isEqualTo("unmasking");
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5})
  void asManyAsTheThreshold_openTheSum_ofThoseWhoSent(int answers) {
    List<String> online = FIVE.subList(5 - answers, 5);
    collect(0, online);
    online.subList(0, 3).forEach(client -> members.reveal(0, client));
    RoundRecord record = awaitRecord(0);
    assertThat(record.outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
    long weight = online.stream().mapToLong(client -> FIVE.indexOf(client) + 1).sum();
    double squares =
        online.stream().mapToDouble(client -> Math.pow(FIVE.indexOf(client) + 1, 2)).sum();
    double first = squares - Math.max(0, 5 * 5 - 4 * 5) * (online.contains("eli") ? 1 : 0);
    assertThat(weights(1))
        .isEqualTo(Rig.bytes(Dtype.FLOAT64, 0 - first / weight, 0.5 * squares / weight, -0.25));
    Masked masked = Objects.requireNonNull(record.masked());
    assertThat(masked.missing()).isEqualTo(FIVE.subList(0, 5 - answers));
    assertThat(masked.totalWeight()).isEqualTo(weight);
    assertThat(masked.metrics()).containsEntry("loss", 0.5);
    assertThat(masked.clipped()).isEqualTo(1.0 / (3 * answers));
    String view = view(record);
    assertThat(view).contains("\"weight\":null,\"norm\":null", "\"why\":null");
    end();
    start();
    assertThat(view(Objects.requireNonNull(coordinator.rounds().record(M, 0)))).isEqualTo(view);
  }

  @Test
  void plainTensors_areOnlyAveraged() {
    String spec =
        SPEC.replace("[3]", "[2], \"mean\": {\"shape\": [1], \"step\": \"plain\"}")
            .replace("1.0", "0.5");
    String name = "statistics";
    coordinator.create(name, SecureMembers.spec(spec));
    var three = new SecureMembers(() -> coordinator, name);
    List<String> online = FIVE.subList(0, 3);
    online.forEach(client -> three.join(0, client));
    coordinator.changes(name).endStage();
    online.forEach(client -> three.share(0, client));
    online.forEach(client -> three.update(0, client, new double[] {1, 2, 3}, 1, 0.5));
    online.subList(0, 2).forEach(client -> three.reveal(0, client));
    coordinator.await(name, now -> now.round() > 0, Duration.ofSeconds(20));
    assertThat(Rig.bytes(coordinator.version(name, 1).weightBytes()))
        .isEqualTo(Rig.bytes(Dtype.FLOAT64, -0.5, -1, -3));
  }

  @Test
  void memberLostInEachStage_isBorne_andOneMoreIsNot() {
    FIVE.forEach(client -> members.join(0, client));
    FIVE.subList(0, 4).forEach(client -> members.share(0, client));
    pass(30);
    FIVE.subList(0, 3).forEach(client -> update(0, client));
    pass(40);
    FIVE.subList(0, 2).forEach(client -> members.reveal(0, client));
    pass(60);
    RoundRecord record = awaitRecord(0);
    assertThat(view(record))
        .contains("\"outcome\":\"abandoned\"", "\"closed_by\":\"deadline\"")
        .contains("\"total_weight\":null", "\"clipped\":null", "\"metrics\":{}")
        .contains("\"why\":{\"stage\":\"unmasking\",\"missing\":[\"cem\"],\"unopened\":[]}");
    assertThat(weights(1)).isEqualTo(weights(0));
    FIVE.forEach(client -> members.join(1, client));
    FIVE.subList(0, 4).forEach(client -> members.share(1, client));
    pass(30);
    FIVE.subList(0, 3).forEach(client -> update(1, client));
    pass(40);
    FIVE.subList(0, 3).forEach(client -> members.reveal(1, client));
    assertThat(awaitRecord(1).outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
  }

  @Test
  void tooFewWhoShare_orSend_abandonTheRound() {
    FIVE.forEach(client -> members.join(0, client));
    FIVE.subList(0, 2).forEach(client -> members.share(0, client));
    pass(30);
    assertThat(view(awaitRecord(0))).contains("{\"stage\":\"sharing\",\"missing\":[\"cem\"");
    FIVE.forEach(client -> members.join(1, client));
    FIVE.forEach(client -> members.share(1, client));
    FIVE.subList(0, 2).forEach(client -> update(1, client));
    pass(40);
    assertThat(view(awaitRecord(1))).contains("{\"stage\":\"collecting\",\"missing\":[\"cem\"");
    assertThat(status().stage()).isEqualTo("joining");
  }

  private static byte[] spoiled(byte[] share) {
    return spoiled(share, 1);
  }

  private static byte[] spoiled(byte[] share, int by) {
    byte[] other = share.clone();
    other[0] ^= (byte) by;
    return other;
  }

  @Test
  void wrongAnswer_isLeftOut_onceThereIsOneMore() {
    collect(0, FIVE);
    members.reveal(0, "ann", SecureRoundsTest::spoiled);
    members.reveal(0, "ben");
    members.reveal(0, "cem");
    assertThat(status().stage()).isEqualTo("unmasking");
    assertThat(Rig.refusal(() -> coordinator.changes(M).endStage()).problem())
        .isEqualTo(Problem.TOO_FEW_UPDATES);
    end();
    start();
    assertThat(status().stage()).isEqualTo("unmasking");
    members.reveal(0, "dua");
    RoundRecord record = awaitRecord(0);
    assertThat(Objects.requireNonNull(record.masked()).wrong()).containsExactly("ann");
    assertThat(Objects.requireNonNull(record.closedBy()).by()).isEqualTo(Decision.Cause.ANSWERS);
  }

  @Test
  void wrongAnswersOfTooMany_abandonTheRound_whenAllHaveAnswered() {
    collect(0, FIVE.subList(0, 4));
    members.reveal(0, "ann", SecureRoundsTest::spoiled);
    members.reveal(0, "ben", share -> spoiled(share, 2)); // the same would cancel
    members.reveal(0, "cem");
    members.reveal(0, "dua");
    assertThat(view(awaitRecord(0)))
        .contains("\"closed_by\":\"answers\"", "\"missing\":[],\"unopened\":[\"ann\"");
  }

  @Test
  void wrongAnswer_abandonsTheRound_atTheDeadline() {
    collect(0, FIVE);
    members.reveal(0, "ann", SecureRoundsTest::spoiled);
    members.reveal(0, "ben");
    members.reveal(0, "cem");
    pass(60);
    assertThat(view(awaitRecord(0)))
        .contains(
            "\"closed_by\":\"deadline\"", "\"missing\":[\"dua\",\"eli\"],\"unopened\":[\"ann\"");
  }

  @Test
  void sumThatNoHonestClientsHave_abandonsTheRound_inTheClose() {
    FIVE.forEach(client -> members.join(0, client));
    FIVE.forEach(client -> members.share(0, client));
    FIVE.subList(1, 5).forEach(client -> update(0, client));
    members.send(0, "ann", new byte[3 * 8 + 8 + 3 * 8]);
    FIVE.subList(0, 3).forEach(client -> members.reveal(0, client));
    RoundRecord record = awaitRecord(0);
    assertThat(view(record))
        .contains("\"outcome\":\"abandoned\"", "\"closed_by\":\"answers\"")
        .contains("\"why\":{\"stage\":\"closing\",\"missing\":[],\"unopened\":[]}");
    assertThat(weights(1)).isEqualTo(weights(0));
    end();
    start();
    assertThat(view(Objects.requireNonNull(coordinator.rounds().record(M, 0))))
        .isEqualTo(view(record));
  }

  @Test
  void join_countsAgain_whileJoiningLasts() {
    members.join(0, "ann");
    String other = members.join(0, "ben").document().document();
    Coordinator.Answer again = coordinator.answer(M, 0, "joining", "ann", other);
    assertThat(again.repeated()).isFalse();
    assertThat(again.document().answers()).isEqualTo(2);
    assertThat(members.join(0, "ann").repeated()).isFalse();
    assertThat(members.join(0, "ann").repeated()).isTrue();
    FIVE.forEach(client -> members.join(0, client));
    assertThat(members.join(0, "ann").repeated()).isTrue();
    assertThat(Rig.refusal(() -> coordinator.answer(M, 0, "joining", "ann", other)).problem())
        .isEqualTo(Problem.UPDATE_DIFFERS);
  }

  @Test
  void keysAndShares_areGoneWithTheRound() {
    collect(0, FIVE);
    FIVE.subList(0, 3).forEach(client -> members.reveal(0, client));
    awaitRecord(0);
    assertThat(folder.resolve("models/masked/open/0000000")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "float32, rmsprop, 64",
    "float64, rmsprop, 64",
    "float32, adam, 32",
    "float64, adam, 64"
  })
  void multiplesOfAStep_giveThePlainServersVersions(String dtype, String module, int bits) {
    String spec =
        """
        {"tensors": {"w": [5]}, "dtype": "%s",
         "optimizer": {"lrate": 0.25, "w_decay": 0.5, "modules": ["%s"]},
         "aggregator": ["averaging", {"steps_weighted": %s}],
         "round": {"min_updates": 3, "max_updates": 5, "timeout": "40s"}%s}\
        """;
    boolean isWeighted = bits == 64;
    coordinator.create("plain", SecureMembers.spec(spec.formatted(dtype, module, isWeighted, "")));
    coordinator.create(
        "secure",
        SecureMembers.spec(
            spec.formatted(
                dtype,
                module,
                isWeighted,
                ", \"secure\": {\"threshold\": 0.5, \"clip\": 4, \"bits\": %s}".formatted(bits))));
    var clients = new SecureMembers(() -> coordinator, "secure");
    for (long round = 0; round < 3; round++) {
      run(clients, round, isWeighted);
      for (String model : List.of("plain", "secure")) {
        long next = round + 1;
        coordinator.await(model, now -> now.round() >= next, Duration.ofSeconds(20));
      }
      assertThat(Rig.bytes(coordinator.version("secure", round + 1).weightBytes()))
          .isEqualTo(Rig.bytes(coordinator.version("plain", round + 1).weightBytes()));
      assertThat(Rig.bytes(coordinator.version("secure", round + 1).stateBytes()))
          .isEqualTo(Rig.bytes(coordinator.version("plain", round + 1).stateBytes()));
    }
  }

  private void run(SecureMembers clients, long round, boolean isWeighted) {
    FIVE.forEach(client -> clients.join(round, client));
    FIVE.forEach(client -> clients.share(round, client));
    for (String client : FIVE) {
      var random = new SplittableRandom(31 * round + client.hashCode());
      double[] values =
          random.doubles(5).map(x -> Math.rint((8 * x - 4) * 0x1p20) / 0x1p20).toArray();
      long weight = isWeighted ? 1 + random.nextInt(1 << 20) : 1;
      clients.update(round, client, values, weight);
      try (var upload = coordinator.begin("plain", round, client, null)) {
        var _ = Rig.submit(upload, (double) weight, values);
      }
    }
    FIVE.subList(1, 4).forEach(client -> clients.reveal(round, client));
  }
}
