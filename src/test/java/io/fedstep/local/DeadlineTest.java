package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.Synchronous;
import io.fedstep.problem.Problem;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Unforced;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/** When a round's deadline comes, whatever becomes of the clocks. */
class DeadlineTest {
  private static final String M = "toy";
  private static final Instant START = FakeClock.START;

  private static final UpdateMetadata NOTHING = UpdateMetadata.of(1, Map.of(), null);

  private final FakeClock clock = new FakeClock();
  private final AtomicInteger passed = new AtomicInteger();

  @TempDir private Path data;
  private SimScheduler alarms;
  private LocalCoordinator coordinator;

  @BeforeEach
  void start() {
    alarms = new SimScheduler(clock);
    var counting =
        new Listener() {
          @Override
          public void deadlinePassed(String model) {
            passed.incrementAndGet();
          }
        };
    var incarnations = new AtomicInteger(0x0a1b2c3d);
    coordinator =
        new LocalCoordinator(
            new DataFolder(Unforced.disk(), data),
            Rig.LIMITS,
            clock,
            alarms,
            () -> String.format(Locale.ROOT, "%08x", incarnations.getAndIncrement()),
            counting);
  }

  @AfterEach
  void end() {
    coordinator.close();
  }

  private void restart() {
    end();
    start();
  }

  private void create(String policy) {
    String spec =
        "{\"tensors\": {\"w\": [2]}, \"round\": {%s, \"timeout\": \"10s\"}}".formatted(policy);
    coordinator.create(
        M,
        SpecCodec.read(
            Json.readObject(new ByteArrayInputStream(spec.getBytes(StandardCharsets.UTF_8)))));
  }

  private Duration deadline() {
    settle();
    return Duration.between(START, Objects.requireNonNull(coordinator.status(M).deadline()));
  }

  /** Waits until the model's thread has done what it was told. */
  private void settle() {
    coordinator.changes(M).report(0, "nobody", NOTHING);
  }

  /** Lets time pass a second at a time; what is due rings. */
  private void pass(int seconds) {
    for (int i = 0; i < seconds; i++) {
      clock.advance(Duration.ofSeconds(1));
      alarms.ring();
      settle();
    }
  }

  private static Duration seconds(long seconds) {
    return Duration.ofSeconds(seconds);
  }

  @Test
  void deadline_passesEachTimeout() {
    create("\"min_updates\": 2");
    assertThat(deadline()).isEqualTo(seconds(10));
    pass(9);
    assertThat(passed).hasValue(0);
    pass(1);
    assertThat(deadline()).isEqualTo(seconds(20));
    pass(25);
    assertThat(deadline()).isEqualTo(seconds(40));
    assertThat(passed).hasValue(3);
  }

  @Test
  void clockSetBack_overARestart_putsNoDeadlineOff() {
    create("\"min_updates\": 2");
    end();
    clock.set(START.minus(Duration.ofHours(1)));
    start();
    assertThat(deadline()).isEqualTo(seconds(-3600 + 10));
    pass(10);
    assertThat(passed).hasValue(1);
    assertThat(deadline()).isEqualTo(seconds(-3600 + 20));
  }

  @Test
  void clockSetBack_orForward_isNoticed() {
    create("\"min_updates\": 2");
    pass(3);
    clock.set(START.minus(Duration.ofHours(1)));
    pass(5);
    assertThat(deadline()).isBetween(seconds(-3600 + 10), seconds(-3600 + 15));
    pass(10);
    assertThat(passed).hasValue(1);
    clock.set(START.plusSeconds(3603));
    pass(5);
    assertThat(deadline()).isEqualTo(seconds(3610));
    pass(2);
    assertThat(passed).hasValue(2);
    assertThat(deadline()).isEqualTo(seconds(3620));
  }

  @Test
  void lateAlarm_passesOnce_andTheNextDeadlineLiesAhead() {
    create("\"min_updates\": 2");
    clock.advance(Duration.ofSeconds(43)); // all threads slept
    alarms.ring();
    assertThat(deadline()).isEqualTo(seconds(50));
    assertThat(passed).hasValue(1);
    pass(7);
    assertThat(passed).hasValue(2);
  }

  @Test
  void deadlinesDuringARestart_passNobody() {
    create("\"min_updates\": 2");
    end();
    clock.advance(Duration.ofSeconds(47));
    start();
    assertThat(deadline()).isEqualTo(seconds(50));
    assertThat(passed).hasValue(0);
  }

  @Test
  void wallClockAMomentBehind_passesADeadlineOnce() {
    create("\"min_updates\": 2");
    pass(9);
    clock.set(clock.instant().minusMillis(5));
    pass(1);
    assertThat(passed).hasValue(1);
    assertThat(deadline()).isEqualTo(seconds(20));
  }

  // --- a share of the clients

  private static final int CLIENTS = 400;

  private BitSet invited() {
    ModelStatus status = coordinator.durableStatus(M);
    var invited = new BitSet();
    for (int i = 0; i < CLIENTS; i++) {
      invited.set(i, status.invites("c" + i));
    }
    return invited;
  }

  private double share() {
    return coordinator.durableStatus(M).participation();
  }

  private void put(long from, String client) {
    try (Upload upload = coordinator.begin(M, from, client, null)) {
      Rig.submit(upload, 1, 1, 2);
    }
  }

  /** Whoever was invited stays so. */
  @Test
  void deadlineWithTooFewUpdates_invitesTwiceAsMany_untilAllAre() {
    create("\"min_updates\": 2, \"participation\": 0.1");
    BitSet before = invited();
    for (double share : new double[] {0.2, 0.4, 0.8, 1, 1}) {
      assertThat(before.cardinality() / (share / 2)).isBetween(250.0, 900.0);
      pass(10);
      assertThat(share()).isEqualTo(share);
      BitSet now = invited();
      before.andNot(now);
      assertThat(before.isEmpty()).isTrue();
      before = now;
    }
    assertThat(before.cardinality()).isEqualTo(CLIENTS);
    assertThat(passed).hasValue(5);
    put(0, "c0");
    pass(10);
    assertThat(coordinator.durableStatus(M).updates()).isEqualTo(1);
    put(0, "c1");
    coordinator.await(M, now -> now.round() == 1, Duration.ofSeconds(30));
    assertThat(Objects.requireNonNull(coordinator.rounds().record(M, 0)).participation())
        .isEqualTo(1);
    assertThat(share()).isEqualTo(0.1);
    restart();
    assertThat(Objects.requireNonNull(coordinator.rounds().record(M, 0)).participation())
        .isEqualTo(1);
  }

  @Test
  void deadlinesThatPassed_countAfterARestart_andNoneForTheTimeInBetween() {
    create("\"min_updates\": 2, \"participation\": 0.01");
    pass(20);
    assertThat(share()).isEqualTo(0.04);
    BitSet before = invited();
    end();
    clock.advance(Duration.ofSeconds(95));
    start();
    assertThat(share()).isEqualTo(0.04);
    assertThat(invited()).isEqualTo(before);
    clock.advance(Duration.ofSeconds(33)); // a late alarm is one
    alarms.ring();
    settle();
    assertThat(share()).isEqualTo(0.08);
  }

  @Test
  void newPolicy_startsAnewFromItsShare() {
    create("\"min_updates\": 2, \"participation\": 0.01");
    pass(20);
    RoundPolicy first = coordinator.spec(M).round();
    coordinator.changes(M).setPolicy(first); // which is no other
    assertThat(share()).isEqualTo(0.04);
    var other = new RoundPolicy(3, 3, first.timeout(), null, 0.25, new Synchronous());
    coordinator.changes(M).setPolicy(other);
    assertThat(share()).isEqualTo(0.25);
    restart();
    assertThat(share()).isEqualTo(0.25);
    pass(10);
    assertThat(share()).isEqualTo(0.5);
    coordinator.changes(M).setPolicy(first);
    assertThat(share()).isEqualTo(0.01);
  }

  /** The share that a round came to holds for updates from its version. */
  @Test
  void shareOfABufferedRound_holdsForUpdatesFromIt() {
    create("\"mode\": \"buffered\", \"min_updates\": 1, \"participation\": 0.25");
    ModelStatus first = coordinator.durableStatus(M);
    pass(10);
    ModelStatus second = coordinator.durableStatus(M);
    assertThat(second.participation()).isEqualTo(0.5);
    List<String> later =
        IntStream.range(0, CLIENTS)
            .mapToObj(i -> "c" + i)
            .filter(client -> second.invites(client) && !first.invites(client))
            .toList();
    String never =
        IntStream.range(0, CLIENTS)
            .mapToObj(i -> "c" + i)
            .filter(client -> !second.invites(client))
            .findFirst()
            .orElseThrow();
    put(0, later.get(0));
    coordinator.await(M, now -> now.round() == 1, Duration.ofSeconds(30));
    put(0, later.get(1));
    restart();
    put(0, later.get(2));
    assertThat(Rig.refusal(() -> put(0, never)).problem()).isEqualTo(Problem.NOT_INVITED);
  }

  @Test
  void journalOfFormat2_isTakenUp() throws Exception {
    create("\"min_updates\": 2, \"participation\": 0.25");
    end();
    Path journal = data.resolve("models/toy/open/0000000/journal.jsonl");
    String line = Files.readAllLines(journal).getFirst() + "\n";
    ObjectNode first =
        Objects.requireNonNull(CheckedLine.decode(line.getBytes(StandardCharsets.UTF_8)));
    Files.write(journal, CheckedLine.encode(first.put("format", 2)));
    start();
    pass(10);
    assertThat(share()).isEqualTo(0.5);
    restart();
    assertThat(share()).isEqualTo(0.5);
  }
}
