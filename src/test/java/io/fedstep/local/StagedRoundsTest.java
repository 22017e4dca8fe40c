package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.HiddenSums;
import io.fedstep.round.Plain;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Unforced;
import io.fedstep.vector.Dtype;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rounds of three stages, from the coordinator's front door. */
class StagedRoundsTest {
  private static final String M = "staged";
  private static final String PRIVATE = "private";
  private static final Limits LIMITS = new Limits(3, 4, 100, 100, 100, 100, 1000, 1);

  @TempDir private Path folder;
  private final FakeClock clock = new FakeClock();
  private SimScheduler alarms = new SimScheduler(clock);
  private Coordinator coordinator;

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
            Listener.NONE,
            spec -> spec.parameters() == Staged.SIZE ? HiddenSums.of(spec) : Plain.of(spec));
    if (coordinator.models().isEmpty()) {
      coordinator.create(M, Staged.spec());
    }
  }

  @AfterEach
  void end() {
    coordinator.close();
  }

  private Coordinator.Answer seal(long round, String client) {
    return Staged.answer(coordinator, M, round, HiddenSums.SEALING, client, 0, false);
  }

  private Upload.Answer send(long round, String client) {
    return Staged.send(coordinator, M, round, client, false);
  }

  private void open(long round, String client, int count) {
    Staged.answer(coordinator, M, round, HiddenSums.OPENING, client, count, false);
  }

  private void pass(Duration time) {
    clock.advance(time);
    alarms.ring();
    status(); // behind whatever the alarms have asked for
    coordinator.changes(M).setPolicy(coordinator.spec(M).round());
  }

  private ModelStatus status() {
    return coordinator.durableStatus(M);
  }

  private void awaitVersion(long version) {
    ModelStatus now =
        coordinator.await(M, model -> model.round() >= version, Duration.ofSeconds(20));
    assertThat(now.round()).isEqualTo(version);
  }

  private double[] weights(long version) {
    var bytes = ByteBuffer.wrap(Rig.bytes(coordinator.version(M, version).weightBytes()));
    double[] weights = new double[Staged.SIZE];
    bytes.order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(weights);
    return weights;
  }

  /** Three members seal, of whom ann and ben send. */
  private void sendTwo(long round) {
    List.of("ann", "ben", "cem").forEach(client -> seal(round, client));
    send(round, "ann");
    send(round, "ben");
    pass(HiddenSums.TIME);
  }

  @Test
  void round_ofThreeStages_makesAVersion_ofThoseWhoSent() {
    sendTwo(0);
    assertThat(status().stage()).isEqualTo(HiddenSums.OPENING);
    assertThat(status().answers()).containsExactly(3, 2, 0);
    open(0, "ben", 2);
    open(0, "ann", 2);
    awaitVersion(1);
    assertThat(weights(1)).isEqualTo(Staged.step(new double[3], 0, List.of("ann", "ben")));
    RoundRecord record = Objects.requireNonNull(coordinator.rounds().record(M, 0));
    assertThat(record.outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
    assertThat(Objects.requireNonNull(record.closedBy()).by()).isEqualTo(Decision.Cause.ANSWERS);
    assertThat(RecordCodec.view(M, record).has("why")).isFalse();
    sendTwo(1);
    assertThat(status().stage()).isEqualTo(HiddenSums.OPENING);
  }

  @Test
  void wait_endsWithTheStage() throws InterruptedException {
    seal(0, "ann");
    seal(0, "ben");
    var waiting =
        Thread.ofVirtual()
            .start(() -> {
              ModelStatus seen =
                  coordinator.await(
                      M, now -> now.stage().equals(HiddenSums.SENDING), Duration.ofSeconds(20));
              assertThat(seen.answers()).containsExactly(3, 0);
            });
    seal(0, "cem");
    waiting.join();
    assertThat(coordinator.rounds().documents(M, 0, HiddenSums.SEALING))
        .containsOnlyKeys("ann", "ben", "cem");
    assertThat(coordinator.rounds().documents(M, 1, HiddenSums.SEALING)).isNull();
  }

  @Test
  void stageWithTooFew_abandonsTheRound_andTheNextTrainsFromTheSame() {
    List.of("ann", "ben", "cem").forEach(client -> seal(0, client));
    Decision.Accepted update = send(0, "ann").update();
    pass(HiddenSums.TIME);
    awaitVersion(1);
    RoundRecord record = Objects.requireNonNull(coordinator.rounds().record(M, 0));
    assertThat(record.outcome()).isEqualTo(RoundRecord.Outcome.ABANDONED);
    String view = RecordCodec.view(M, record).toString();
    assertThat(view)
        .contains("\"outcome\":\"abandoned\"", "\"closed_by\":\"deadline\"")
        .contains("\"why\":{\"stage\":\"sending\",\"missing\":[\"ben\",\"cem\"],\"unopened\":[]}");
    assertThat(weights(1)).isEqualTo(weights(0));
    assertThat(status().stage()).isEqualTo(HiddenSums.SEALING);
    assertThat(send(0, "ann").update()).isEqualTo(update);
    assertThat(Rig.refusal(() -> seal(0, "ann")).problem()).isEqualTo(Problem.ROUND_CLOSED);
    end();
    start();
    assertThat(coordinator.rounds().record(M, 0)).isEqualTo(record);
  }

  @Test
  void abandonedRoundOfAPrivateModel_isPaidForByThoseInIt() {
    coordinator.create(PRIVATE, Staged.privateSpec());
    List.of("ann", "ben", "cem")
        .forEach(
            client -> Staged.answer(coordinator, PRIVATE, 0, HiddenSums.SEALING, client, 0, false));
    Staged.send(coordinator, PRIVATE, 0, "ann", false);
    pass(HiddenSums.TIME);
    coordinator.await(PRIVATE, model -> model.round() >= 1, Duration.ofSeconds(20));
    assertThat(Objects.requireNonNull(coordinator.rounds().record(PRIVATE, 0)).outcome())
        .isEqualTo(RoundRecord.Outcome.ABANDONED);
    assertThat(paid("ann")).isEqualTo(1);
    assertThat(paid("ben")).isZero();
    end();
    start();
    assertThat(paid("ann")).isEqualTo(1);
  }

  private long paid(String client) {
    return Objects.requireNonNull(coordinator.account(PRIVATE, client)).rounds();
  }

  @Test
  void firstStageWithTooFew_waitsForTheNextDeadline() {
    seal(0, "ann");
    pass(Duration.ofSeconds(30));
    assertThat(status().stage()).isEqualTo(HiddenSums.SEALING);
    assertThat(status().passed()).isEqualTo(1);
    seal(0, "ben");
    pass(Duration.ofSeconds(30));
    assertThat(status().stage()).isEqualTo(HiddenSums.SENDING);
    assertThat(Rig.refusal(() -> seal(0, "cem")).problem()).isEqualTo(Problem.ROUND_CLOSED);
    assertThat(Rig.refusal(() -> send(0, "cem")).problem()).isEqualTo(Problem.NOT_INVITED);
  }

  @Test
  void restart_goesOnInTheStage_andWithItsTime() {
    sendTwo(0);
    ModelStatus before = status();
    Decision.Answered sealed = seal(0, "ann").document();
    clock.advance(Duration.ofSeconds(10));
    end();
    start();
    assertThat(status()).isEqualTo(before);
    assertThat(seal(0, "ann")).isEqualTo(new Coordinator.Answer(sealed, true));
    pass(HiddenSums.TIME.minusSeconds(11));
    assertThat(status().round()).isZero();
    pass(Duration.ofSeconds(1));
    awaitVersion(1);
  }

  @Test
  void start_givesAStageItsWholeTimeAgain() {
    sendTwo(0);
    coordinator.changes(M).stop();
    assertThat(Rig.refusal(() -> open(0, "ann", 2)).problem()).isEqualTo(Problem.TRAINING_STOPPED);
    pass(HiddenSums.TIME.multipliedBy(3));
    assertThat(status().phase()).isEqualTo(Phase.STOPPED);
    coordinator.changes(M).start();
    end();
    start();
    assertThat(status().deadline()).isEqualTo(clock.instant().plus(HiddenSums.TIME));
    open(0, "ann", 2);
    open(0, "ben", 2);
    awaitVersion(1);
  }

  @Test
  void close_endsTheStage_thatHasEnough() {
    seal(0, "ann");
    Refusal tooFew = Rig.refusal(() -> coordinator.changes(M).endStage());
    assertThat(tooFew.problem()).isEqualTo(Problem.TOO_FEW_UPDATES);
    seal(0, "ben");
    assertThat(coordinator.changes(M).endStage()).isNull();
    assertThat(status().stage()).isEqualTo(HiddenSums.SENDING);
  }

  @Test
  void firstWeights_areSetBeforeAnyMessage() {
    seal(0, "ann");
    Refusal late = Rig.refusal(() -> coordinator.changes(M).beginWeights());
    assertThat(late.problem()).isEqualTo(Problem.ALREADY_STARTED);
  }

  @Test
  void document_isForAStageThatTakesDocuments_andNotTooLarge() {
    String large = "1".repeat(HiddenSums.MOST_BYTES + 1);
    assertThat(problem(M, HiddenSums.SEALING, large)).isEqualTo(Problem.TOO_LARGE);
    assertThat(problem(M, HiddenSums.SENDING, "1")).isEqualTo(Problem.NOT_FOUND);
    assertThat(problem(M, "another", "1")).isEqualTo(Problem.NOT_FOUND);
  }

  private Problem problem(String model, String stage, String document) {
    return Rig.refusal(() -> coordinator.answer(model, 0, stage, "ann", document)).problem();
  }

  /** What a row has behind the model's coordinates is checked too. */
  @Test
  void damagedWord_stopsTheModel() throws IOException {
    sendTwo(0);
    open(0, "ann", 2);
    Path rows = folder.resolve("models/staged/open/0000000/updates.bin");
    try (var file = FileChannel.open(rows, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {9}), Staged.SIZE * (long) Dtype.FLOAT64.bytes());
    }
    open(0, "ben", 2);
    Refusal stopped =
        Rig.refusal(() -> coordinator.await(M, model -> model.round() > 0, Duration.ofSeconds(20)));
    assertThat(stopped.problem()).isEqualTo(Problem.MODEL_FAILED);
    assertThat(stopped.detail()).contains("updates.bin is corrupt", "row 0 (client ann)");
  }
}
