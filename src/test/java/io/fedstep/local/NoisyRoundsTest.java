package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.PrivacyAccount;
import io.fedstep.privacy.Noise;
import io.fedstep.problem.Problem;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.Unforced;
import io.fedstep.vector.Dtype;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Secure rounds whose members add noise: what their sums are, and who pays for them. */
@BesideOthers
class NoisyRoundsTest {
  private static final String M = "noisy";
  private static final List<String> FIVE = List.of("ann", "ben", "cem", "dua", "eli");
  private static final double Z = 1.2;
  private static final double CLIP = 2;

  /**
   * ε of one round and of two at z 1.2 and δ 1e-5, with what is paid for the noise's being
   * discrete: 50 digits of the Gaussian's curve.
   */
  private static final double ONE = 3.5486978772618;

  private static final double TWO = 5.2999803383296;

  /** Pays for three rounds of a client. */
  private static final String SPEC =
      """
      {"tensors": {"w": [3]}, "dtype": "%s", "optimizer": {"lrate": 1.0, "modules": []},
       "aggregator": ["averaging", {"steps_weighted": false}],
       "round": {"min_updates": 3, "max_updates": 5, "timeout": "40s"},
       "secure": {"threshold": 0.5},
       "privacy": {"clip_norm": 2, "noise_multiplier": 1.2, "epsilon": 7.3692, "delta": 1e-5,
                   "where": "clients", "collusion": 1}}\
      """;

  @TempDir private Path folder;
  private Rig rig;
  private final SecureMembers members = new SecureMembers(() -> rig.coordinator(), M);

  @BeforeEach
  void start() {
    rig = Rig.keeping(Duration.ofHours(1), Unforced.disk(), folder.resolve("data"), Rig.LIMITS);
  }

  @AfterEach
  void end() {
    rig.close();
  }

  private void create() {
    rig.create(M, SPEC.formatted("float64"));
  }

  private static double[] values(String client) {
    double value = FIVE.indexOf(client) - 1.5;
    return new double[] {value, 0.25, -value / 3}; // some beyond the norm of 2
  }

  private void pass(int seconds) {
    rig.pass(Duration.ofSeconds(seconds));
    rig.changes(M).setPolicy(rig.coordinator().spec(M).round()); // behind what has rung
  }

  private void share(long round, List<String> clients) {
    clients.forEach(client -> members.join(round, client));
    if (clients.size() < FIVE.size()) {
      pass(30);
    }
    clients.forEach(client -> members.share(round, client));
  }

  private void reveal(long round, List<String> clients) {
    clients.forEach(client -> members.reveal(round, client));
    rig.awaitVersion(M, round + 1);
  }

  /** A whole round of these clients, as many of whom answer as have to. */
  private void round(long round, List<String> clients) {
    share(round, clients);
    clients.forEach(client -> members.noisy(round, client, values(client)));
    reveal(round, clients.subList(0, clients.size() / 2 + 1));
  }

  private RoundRecord record(long round) {
    return Objects.requireNonNull(rig.coordinator().rounds().record(M, round));
  }

  private PrivacyAccount account(String client) {
    return account(M, client);
  }

  private PrivacyAccount account(String model, String client) {
    return Objects.requireNonNull(rig.coordinator().account(model, client));
  }

  private List<Long> paid() {
    return FIVE.stream().map(client -> account(client).rounds()).toList();
  }

  private static double epsilon(RoundRecord record) {
    return Objects.requireNonNull(record.epsilon());
  }

  @ParameterizedTest
  @CsvSource({"FLOAT32, 3", "FLOAT64, 3", "FLOAT32, 5", "FLOAT64, 4"})
  void version_isTheMeanOfThoseWhoAreIn_andTheyPay(Dtype dtype, int online) {
    rig.create(M, SPEC.formatted(dtype.label()));
    share(0, FIVE);
    List<String> in = FIVE.subList(0, online);
    long[] sum = new long[3];
    for (String client : in) {
      long[] numbers = members.numbers(0, client, values(client));
      Arrays.setAll(sum, i -> sum[i] + numbers[i]);
      members.noisy(0, client, values(client));
    }
    if (online < FIVE.size()) {
      pass(40);
    }
    reveal(0, in.subList(0, 3));
    double grid = (0x1p24 / Z - Math.sqrt(3) / 2) / CLIP;
    double[] mean = LongStream.of(sum).mapToDouble(it -> it / (grid * online)).toArray();
    assertThat(rig.weights(M)).isEqualTo(Rig.bytes(dtype, -mean[0], -mean[1], -mean[2]));
    RoundRecord record = record(0);
    assertThat(record.outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
    assertThat(epsilon(record)).isCloseTo(ONE, within(1e-9));
    assertThat(RecordCodec.view(M, record).toString())
        .contains("\"total_weight\":%s".formatted(online), "\"clipped\":0.0", "\"metrics\":{}")
        .contains("\"privacy\":{\"noise_multiplier\":1.2,\"participation\":1.0,\"clip_norm\":2.0");
    for (String client : FIVE) {
      assertThat(account(client).rounds()).as(client).isEqualTo(in.contains(client) ? 1 : 0);
      assertThat(account(client).epsilon()).isCloseTo(in.contains(client) ? ONE : 0, within(1e-9));
    }
  }

  @Test
  void roundThatIsAbandonedBeforeItsSumIsOpened_costsNothing() {
    create();
    round(0, FIVE.subList(0, 4));
    List<Long> spent = List.of(1L, 1L, 1L, 1L, 0L);
    assertThat(paid()).isEqualTo(spent);
    FIVE.forEach(client -> members.join(1, client));
    members.share(1, "ann");
    pass(30);
    rig.awaitVersion(M, 2);
    assertThat(record(1).outcome()).isEqualTo(RoundRecord.Outcome.ABANDONED);
    assertThat(epsilon(record(1))).isCloseTo(ONE, within(1e-9));
    assertThat(paid()).isEqualTo(spent);
    share(2, FIVE);
    FIVE.forEach(client -> members.noisy(2, client, values(client)));
    FIVE.subList(0, 2).forEach(client -> members.reveal(2, client));
    pass(60);
    rig.awaitVersion(M, 3);
    assertThat(record(2).outcome()).isEqualTo(RoundRecord.Outcome.ABANDONED);
    assertThat(paid()).isEqualTo(spent);
    round(3, FIVE.subList(1, 5));
    assertThat(paid()).isEqualTo(List.of(1L, 2L, 2L, 2L, 1L));
    assertThat(epsilon(record(3))).isCloseTo(TWO, within(1e-9));
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "-1, 0", "0, 1"})
  void sumOfDishonestMembers_isAbandoned_andPaidFor(long beyond, long cut) {
    create();
    share(0, FIVE);
    FIVE.subList(1, 5).forEach(client -> members.noisy(0, client, values(client)));
    long[] sum = new long[3];
    for (String client : FIVE.subList(1, 5)) {
      long[] numbers = members.numbers(0, client, values(client));
      Arrays.setAll(sum, i -> sum[i] + numbers[i]);
    }
    long most = (long) (5 * (0x1p24 / Z + 12 * Noise.SCALE));
    members.noisy(0, "ann", new long[] {0, beyond * (most + 1) - sum[1], 0}, cut);
    reveal(0, FIVE.subList(0, 3));
    assertThat(RecordCodec.view(M, record(0)).toString())
        .contains("\"outcome\":\"abandoned\"", "\"why\":{\"stage\":\"closing\"");
    assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT64, 0, 0, 0));
    assertThat(paid()).containsOnly(1L);
    assertThat(epsilon(record(0))).isCloseTo(ONE, within(1e-9));
  }

  @Test
  void sumAtTheBound_isThatOfHonestMembers() {
    create();
    share(0, FIVE);
    FIVE.subList(1, 5).forEach(client -> members.noisy(0, client, new long[3], 0));
    long most = (long) (5 * (0x1p24 / Z + 12 * Noise.SCALE));
    members.noisy(0, "ann", new long[] {most, -most, 0}, 0);
    reveal(0, FIVE.subList(0, 3));
    assertThat(record(0).outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
  }

  @Test
  void clientWithoutBudget_mayNotJoin_andTheOthersGoOn() {
    create();
    for (long round = 0; round < 3; round++) {
      round(round, FIVE.subList(0, 4));
    }
    assertThat(rig.coordinator().status(M).phase()).isEqualTo(Phase.STOPPED);
    assertThat(Rig.refusal(() -> rig.changes(M).start()).problem()).isEqualTo(Problem.BUDGET_SPENT);
    assertThat(Rig.refusal(() -> members.join(3, "ann")).problem()).isEqualTo(Problem.BUDGET_SPENT);
    assertThat(Rig.refusal(() -> members.join(3, "eli")).problem())
        .isEqualTo(Problem.TRAINING_STOPPED);
  }

  @Test
  void clientWithoutBudget_isRefused_whileOthersMayJoin() {
    create();
    round(0, FIVE);
    for (long round = 1; round < 3; round++) {
      round(round, FIVE.subList(0, 4));
    }
    assertThat(Rig.refusal(() -> members.join(3, "ann")).problem()).isEqualTo(Problem.BUDGET_SPENT);
    assertThat(members.join(3, "eli").document().answers()).isEqualTo(1);
    assertThat(account("ann").roundsLeft()).isZero();
    assertThat(account("eli").roundsLeft()).isEqualTo(2);
  }

  @Test
  void ledger_staysThroughRestartRestoreCopyAndUndeletion() {
    create();
    round(0, FIVE.subList(0, 4));
    round(1, FIVE.subList(0, 3));
    List<Long> spent = List.of(2L, 2L, 2L, 1L, 0L);
    members.join(2, "eli"); // of a round that is discarded
    rig.changes(M).restore(Objects.requireNonNull(rig.coordinator().version(M, 0)), Expected.ANY);
    assertThat(paid()).isEqualTo(spent);
    rig = rig.restarted();
    assertThat(paid()).isEqualTo(spent);
    rig.copy("copy", "{\"from\": {\"model\": \"%s\", \"version\": 0}}".formatted(M));
    for (String client : FIVE) {
      assertThat(account("copy", client)).isEqualTo(account(client));
    }
    rig.coordinator().delete(M);
    rig.coordinator().undelete(M);
    assertThat(paid()).isEqualTo(spent);
    round(3, FIVE.subList(0, 3));
    assertThat(account("ann").rounds()).isEqualTo(3);
    assertThat(Rig.refusal(() -> members.join(4, "ann")).problem()).isEqualTo(Problem.BUDGET_SPENT);
  }
}
