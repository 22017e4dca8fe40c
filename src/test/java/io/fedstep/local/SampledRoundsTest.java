package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.PrivacyAccount;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Problem;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Unforced;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Private rounds whose clients are drawn by chance: no number ends them, and everybody pays. */
class SampledRoundsTest {
  private static final String M = "drawn";

  /** Draws all clients but one in a million; the budget pays for three rounds. */
  private static final String SPEC =
      """
      {"tensors": {"w": [5]}, "dtype": "float64", "optimizer": {"lrate": 1.0, "modules": []},
       "aggregator": ["averaging", {"steps_weighted": false}],
       "round": {"participation": 0.999999, "timeout": "10s", "max_updates": 2},
       "privacy": {"clip_norm": 1, "noise_multiplier": 1.2, "epsilon": 7.3692, "delta": 1e-5,
                   "expected_updates": 1}}\
      """;

  private final FakeClock clock = new FakeClock();
  private final AtomicInteger incarnations = new AtomicInteger();

  @TempDir private Path data;
  private SimScheduler alarms;
  private LocalCoordinator coordinator;

  @BeforeEach
  void start() {
    alarms = new SimScheduler(clock);
    coordinator =
        new LocalCoordinator(
            new DataFolder(Unforced.disk(), data),
            Rig.LIMITS,
            clock,
            alarms,
            () -> HexFormat.of().toHexDigits(incarnations.getAndIncrement()),
            Listener.NONE);
    if (coordinator.models().isEmpty()) {
      coordinator.create(
          M, SpecCodec.read(Json.readObject(new ByteArrayInputStream(SPEC.getBytes(UTF_8)))));
    }
  }

  @AfterEach
  void end() {
    coordinator.close();
  }

  private Decision.Accepted put(long round, String client) {
    try (Upload upload = coordinator.begin(M, round, client, null)) {
      return Rig.submit(upload, 1, 1, 2, 3, 4, 5).update();
    }
  }

  /** Waits until the model's thread has done what it was told. */
  private long newest() {
    coordinator.changes(M).setPolicy(coordinator.spec(M).round());
    return coordinator.status(M).newest().version();
  }

  private void pass(int seconds) {
    for (int i = 0; i < seconds; i++) {
      clock.advance(Duration.ofSeconds(1));
      alarms.ring();
      long _ = newest();
    }
  }

  private RoundRecord record(long round) {
    return Objects.requireNonNull(coordinator.rounds().record(M, round));
  }

  private PrivacyAccount account(String client) {
    return Objects.requireNonNull(coordinator.account(M, client));
  }

  private byte[] weights(long version) {
    return Rig.bytes(coordinator.version(M, version).weightBytes());
  }

  @Test
  void firstDeadline_closesWithWhateverHasCome_alsoWithNothing() {
    put(0, "a");
    put(0, "b");
    pass(9);
    assertThat(newest()).isZero(); // for all that its places are taken
    pass(1);
    assertThat(newest()).isEqualTo(1);
    assertThat(record(0).clients()).hasSize(2);
    pass(10);
    assertThat(newest()).isEqualTo(2);
    RoundRecord nobody = record(1);
    assertThat(nobody.outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
    assertThat(Objects.requireNonNull(nobody.closedBy()).by()).isEqualTo(Decision.Cause.DEADLINE);
    assertThat(nobody.clients()).isEmpty();
    assertThat(Objects.requireNonNull(nobody.gradientNorm())).isPositive(); // noise alone
    assertThat(weights(2)).isNotEqualTo(weights(1));
    assertThat(nobody.participation()).isEqualTo(0.999999);
  }

  @Test
  void close_needsNobody() {
    assertThat(coordinator.changes(M).close().clients()).isEmpty();
    assertThat(newest()).isEqualTo(1);
  }

  @Test
  void updateWithoutAPlace_abandonsTheRound_whichEverybodyPays() {
    Decision.Accepted first = put(0, "a");
    put(0, "b");
    assertThat(Rig.refusal(() -> put(0, "c")).problem()).isEqualTo(Problem.ROUND_CLOSED);
    assertThat(newest()).isEqualTo(1);
    RoundRecord abandoned = record(0);
    assertThat(abandoned.outcome()).isEqualTo(RoundRecord.Outcome.ABANDONED);
    assertThat(abandoned.hadNoPlace()).isTrue();
    assertThat(abandoned.clients()).hasSize(2);
    assertThat(weights(1)).isEqualTo(weights(0));
    assertThat(account("c").rounds()).isEqualTo(1);
    assertThat(put(0, "a")).isEqualTo(first);
    end();
    start();
    assertThat(record(0)).isEqualTo(abandoned);
    assertThat(account("nobody").rounds()).isEqualTo(1);
  }

  @Test
  void heldUpload_takesNoPlace() {
    put(0, "a");
    try (Upload held = coordinator.begin(M, 0, "b", null)) {
      put(0, "c");
      pass(10);
      assertThat(newest()).isEqualTo(1);
      assertThat(record(0).outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
      assertThat(Rig.refusal(() -> Rig.submit(held, 1, 1, 2, 3, 4, 5)).problem())
          .isEqualTo(Problem.ROUND_CLOSED);
    }
  }

  @Test
  void everybodyPays_untilNobodyCanBeInAnotherRound() {
    put(0, "a");
    for (int round = 0; round < 3; round++) {
      assertThat(coordinator.status(M).isSpent()).isFalse();
      pass(10);
      assertThat(account("a")).isEqualTo(account("b"));
      assertThat(account("a").rounds()).isEqualTo(round + 1);
    }
    assertThat(coordinator.status(M).isSpent()).isTrue();
    assertThat(Rig.refusal(() -> put(3, "b")).problem()).isEqualTo(Problem.BUDGET_SPENT);
    pass(30);
    assertThat(newest()).isEqualTo(3);
    assertThat(Rig.refusal(() -> coordinator.changes(M).close()).problem())
        .isEqualTo(Problem.TRAINING_STOPPED);
  }

  @Test
  void deadlineDuringTheServersSleep_closesTheRoundAtTheNext() {
    put(0, "a");
    end();
    clock.advance(Duration.ofSeconds(14));
    start();
    assertThat(newest()).isZero();
    put(0, "b");
    pass(6);
    assertThat(newest()).isEqualTo(1);
    assertThat(record(0).clients()).hasSize(2);
  }
}
