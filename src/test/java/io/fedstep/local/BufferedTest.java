package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.Buffered;
import io.fedstep.model.RoundPolicy;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.UpdateMetadata;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Buffered rounds, silent clients and reports, over restarts. */
class BufferedTest {
  private static final String M = "toy";
  private static final String SPEC =
      """
      {"tensors": {"w": [2]}, "optimizer": {"lrate": 1.0, "modules": []},
       "round": {"mode": "buffered", "min_updates": 3, "max_staleness": 5}}\
      """;

  @TempDir private Path data;

  @Test
  void afterARestart_bufferAndRepeatsAreAsBefore() {
    Rig rig = Rig.on(data);
    rig.create(M, SPEC);
    Decision.Accepted earlier = rig.put(M, 0, "a", 1, 1, 2).update();
    rig.put(M, 0, "b", 1, 3, 4);
    rig.put(M, 0, "c", 1, 5, 6);
    rig.awaitVersion(M, 1);
    Decision.Accepted stale = rig.put(M, 0, "d", 2, 7, 8).update();
    assertThat(stale.staleness()).isEqualTo(1);
    rig.changes(M).report(1, "a", UpdateMetadata.of(2, Map.of("loss", 0.5), null));
    rig.changes(M).report(1, "a", UpdateMetadata.of(2, Map.of("loss", 0.25), null));
    try (Rig after = rig.restarted()) {
      assertThat(after.coordinator().rounds().update(M, 0, "d")).isEqualTo(stale);
      assertThat(after.put(M, 0, "d", 2, 7, 8).repeated()).isTrue();
      assertThat(after.put(M, 0, "a", 1, 1, 2).update()).isEqualTo(earlier);
      after.put(M, 1, "d", 1, 1, 1); // again, from a newer version
      after.put(M, 0, "e", 1, 1, 1);
      after.awaitVersion(M, 2);
      assertThat(clients(after, 1)).map(Decision.Accepted::client).containsExactly("d", "d", "e");
      assertThat(after.coordinator().reported(M, 1))
          .singleElement()
          .satisfies(report -> assertThat(report.metrics()).containsEntry("loss", 0.25));
    }
  }

  private static final Limits FEWEST = new Limits(1, 0, 1_000_000, 100, 1024, 100, 1000, 2);

  private static String alone(int maxStaleness) {
    return SPEC.replace("\"min_updates\": 3", "\"min_updates\": 1")
        .replace("\"max_staleness\": 5", "\"max_staleness\": " + maxStaleness);
  }

  @Test
  void repeats_areRecognisedAfterARestart_howeverFewRecordsAreKept() {
    Rig rig = Rig.on(data, FEWEST);
    rig.create(M, alone(10));
    Decision.Accepted first = rig.put(M, 0, "a", 1, 1, 2).update();
    rig.awaitVersion(M, 1);
    for (int round = 1; round < 5; round++) {
      rig.put(M, round, "b", 1, 1, 2);
      rig.awaitVersion(M, round + 1);
    }
    rig.settle(M);
    try (Rig after = rig.restarted()) {
      Upload.Answer again = after.put(M, 0, "a", 1, 1, 2);
      assertThat(again.repeated()).isTrue();
      assertThat(again.update()).isEqualTo(first);
      assertThat(after.coordinator().durableStatus(M).round()).isEqualTo(5);
    }
  }

  @Test
  void updateThatMayBeInARoundWithoutRecord_isRefused() {
    Rig rig = Rig.on(data, FEWEST);
    rig.create(M, alone(1));
    for (int round = 0; round < 5; round++) {
      rig.put(M, round, "a", 1, 1, 2);
      rig.awaitVersion(M, round + 1);
    }
    rig.settle(M);
    rig.changes(M).setPolicy(new RoundPolicy(1, 1, null, null, 1, new Buffered(10, 0.5)));
    checkOnlyRecorded(rig);
    try (Rig after = rig.restarted()) {
      checkOnlyRecorded(after);
      after.put(M, 4, "b", 1, 1, 2);
      after.awaitVersion(M, 6);
    }
  }

  private static void checkOnlyRecorded(Rig rig) {
    for (int from : new int[] {0, 2}) {
      Refusal refusal = Rig.refusal(() -> rig.put(M, from, "a", 1, 1, 2));
      assertThat(refusal.problem()).isEqualTo(Problem.ROUND_CLOSED);
      assertThat(refusal.members()).containsEntry("recorded", false);
    }
    assertThat(rig.put(M, 4, "a", 1, 1, 2).repeated()).isTrue();
  }

  /** What finds the buffer full goes into the next one: no update that is not too old is lost. */
  @Test
  void manyAtOnce_allCount() throws Exception {
    try (Rig rig = Rig.on(data);
        var threads = Executors.newFixedThreadPool(8)) {
      rig.create(M, SPEC.replace("\"max_staleness\": 5", "\"max_staleness\": 100"));
      var clients = new ArrayList<Callable<Object>>();
      for (int i = 0; i < 60; i++) {
        String client = "c" + i;
        clients.add(() -> rig.put(M, 0, client, 1, 1, 1));
      }
      for (var done : threads.invokeAll(clients)) {
        done.get();
      }
      rig.awaitVersion(M, 20);
      for (int round = 0; round < 20; round++) {
        assertThat(clients(rig, round)).hasSize(3);
      }
    }
  }

  /**
   * With 30 % of the clients silent, a round with enough updates closes, the others keep theirs.
   */
  @Test
  void silentClients_hangNoRound() {
    try (Rig rig = Rig.on(data)) {
      rig.create(
          M,
          """
          {"tensors": {"w": [2]}, "optimizer": {"lrate": 1.0, "modules": []},
           "round": {"min_updates": 7, "max_updates": 10, "timeout": "1m"}}\
          """);
      var random = new Random(3);
      List<String> kept = new ArrayList<>();
      for (int tick = 0; tick < 30; tick++) {
        long round = rig.coordinator().durableStatus(M).round();
        for (int i = 0; i < 10; i++) {
          String client = "c" + i;
          if (!kept.contains(client) && random.nextDouble() < 0.7) {
            rig.put(M, round, client, 1, 1, 1);
            kept.add(client);
          }
        }
        if (kept.size() < 10) {
          passDeadline(rig);
        } else {
          rig.awaitVersion(M, round + 1);
        }
        if (kept.size() >= 7) {
          rig.awaitVersion(M, round + 1);
          assertThat(clients(rig, round)).hasSize(kept.size());
          kept.clear();
        } else {
          ModelStatus status = rig.coordinator().durableStatus(M);
          assertThat(status.round()).isEqualTo(round);
          assertThat(status.updates()).isEqualTo(kept.size());
        }
      }
      assertThat(rig.coordinator().durableStatus(M).round()).isGreaterThan(10);
    }
  }

  private static List<Decision.Accepted> clients(Rig rig, long round) {
    return Objects.requireNonNull(rig.coordinator().rounds().record(M, round)).clients();
  }

  private static void passDeadline(Rig rig) {
    ModelStatus before = rig.coordinator().status(M);
    Instant due = Objects.requireNonNull(before.deadline());
    rig.clock().set(due.minusMillis(1)); // and a millisecond later it rings
    rig.settle(M);
    ModelStatus now = before;
    while (now.round() == before.round() && due.equals(now.deadline())) {
      Thread.onSpinWait();
      now = rig.coordinator().status(M);
    }
  }
}
