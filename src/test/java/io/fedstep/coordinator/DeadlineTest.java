package io.fedstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.round.UpdateHeader;
import io.fedstep.store.DataFolder;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a round's deadline comes, whatever becomes of the clocks. */
class DeadlineTest {
  private static final String M = "toy";
  private static final Instant START = FakeClock.START;

  private static final UpdateHeader NOTHING = UpdateHeader.of(1, Map.of(), null);

  private final FakeClock clock = new FakeClock();
  private final AtomicInteger passed = new AtomicInteger();

  @TempDir private Path data;
  private SimAlarms alarms;
  private LocalCoordinator coordinator;

  @BeforeEach
  void start() {
    alarms = new SimAlarms(clock);
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
            new DataFolder(data),
            Rig.LIMITS,
            clock,
            alarms,
            () -> "%08x".formatted(incarnations.getAndIncrement()),
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
            Json.readObject(
                new ByteArrayInputStream(spec.getBytes(StandardCharsets.UTF_8)))));
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
}
