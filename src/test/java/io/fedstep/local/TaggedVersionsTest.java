package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.VersionAddress;
import io.fedstep.round.Reported;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Dtype;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Versions that are kept because of their tags, and what stays of those that go. */
class TaggedVersionsTest {
  private static final String M = "toy";
  private static final Limits FEW = new Limits(2, 9, 1_000_000, 100, 1024, 100, 1000, 2);
  private static final String KEEPING =
      """
      {"tensors": {"w": [1]}, "optimizer": {"lrate": 1.0, "modules": []},
       "keep_best": {"metric": "accuracy"}}\
      """;

  private static List<Long> versions(Rig rig) {
    rig.settle(M);
    return rig.coordinator().versions(M).stream().map(VersionInfo::version).toList();
  }

  private static void report(Rig rig, long version, String client, double accuracy) {
    rig.changes(M)
        .report(version, client, UpdateMetadata.of(1, Map.of("accuracy", accuracy), null));
  }

  @Test
  void taggedVersions_areKeptBesideTheOthers_andGoAtTheNextCloseWithoutATag(@TempDir Path data) {
    Rig rig = Rig.on(data, FEW);
    try {
      rig.create(M, Rig.plain(1, 1, 1));
      rig.changes(M).setTag("zeros", 0);
      rig.advance(M, 1);
      rig.changes(M).setTag("shipped", 1);
      for (int i = 0; i < 3; i++) {
        rig.advance(M, 1);
      }
      assertThat(versions(rig)).containsExactly(4L, 3L, 1L, 0L);
      rig = rig.restarted();
      assertThat(versions(rig)).containsExactly(4L, 3L, 1L, 0L);
      var shipped = rig.coordinator().version(M, new VersionAddress.Tagged("shipped"));
      assertThat(shipped.info().version()).isEqualTo(1);
      rig.changes(M).restore(shipped, Expected.ANY);
      assertThat(rig.weights(M)).isEqualTo(Rig.bytes(Dtype.FLOAT32, -1));
      assertThat(versions(rig)).containsExactly(5L, 4L, 1L, 0L);
      rig.changes(M).removeTag("shipped");
      rig.changes(M).removeTag("zeros");
      assertThat(versions(rig)).containsExactly(5L, 4L, 1L, 0L);
      rig.advance(M, 1);
      assertThat(versions(rig)).containsExactly(6L, 5L);
      rig = rig.restarted();
      assertThat(versions(rig)).containsExactly(6L, 5L);
    } finally {
      rig.close();
    }
  }

  @Test
  void best_staysUntilTheChoiceAfterTheNextOne(@TempDir Path data) {
    Rig rig = Rig.on(data, FEW);
    try {
      rig.create(M, KEEPING);
      report(rig, 0, "a", 0.5);
      rig.advance(M, 1);
      rig.advance(M, 1);
      rig.advance(M, 1);
      assertThat(versions(rig)).containsExactly(3L, 2L, 0L);
      report(rig, 2, "a", 0.9);
      rig.advance(M, 1);
      assertThat(versions(rig)).as("0 was the best").containsExactly(4L, 3L, 2L, 0L);
      rig = rig.restarted();
      assertThat(versions(rig)).containsExactly(4L, 3L, 2L, 0L);
      rig.advance(M, 1);
      assertThat(versions(rig)).containsExactly(5L, 4L, 2L);
      assertThat(rig.coordinator().tags(M).keySet()).containsExactly("best");
      report(rig, 5, "a", 0.9);
      report(rig, 4, "a", 0.8);
      rig.changes(M).stop();
      assertThat(tagged(rig)).isEqualTo(2);
      report(rig, 5, "a", 0.95);
      rig.changes(M).stop();
      assertThat(tagged(rig)).isEqualTo(5);
    } finally {
      rig.close();
    }
  }

  private static long tagged(Rig rig) {
    return Objects.requireNonNull(rig.coordinator().tags(M).get("best")).info().version();
  }

  @Test
  void reportsOfAVersionThatGoes_stayInItsRoundsRecord(@TempDir Path data) {
    Rig rig = Rig.on(data, FEW);
    try {
      rig.create(M, Rig.plain(1, 1, 1));
      report(rig, 0, "a", 0.25);
      rig.advance(M, 1);
      report(rig, 1, "a", 0.5);
      report(rig, 1, "b", 1);
      var one = rig.coordinator().version(M, 1);
      rig.changes(M).restore(one, Expected.ANY);
      report(rig, 2, "a", 0.125);
      rig.settle(M);
      assertThat(record(rig, 0).reports()).as("while version 1 is kept").isNull();
      rig.advance(M, 1);
      rig.advance(M, 1);
      rig.settle(M);
      assertThat(versions(rig)).containsExactly(4L, 3L);
      checkReports(rig);
      rig = rig.restarted();
      checkReports(rig);
    } finally {
      rig.close();
    }
  }

  private static void checkReports(Rig rig) {
    Reported made = Objects.requireNonNull(record(rig, 0).reports());
    assertThat(made.count()).isEqualTo(2);
    assertThat(made.metrics()).containsExactly(Map.entry("accuracy", 0.75));
    RoundRecord discarded = record(rig, 1);
    assertThat(discarded.outcome()).isEqualTo(RoundRecord.Outcome.DISCARDED);
    assertThat(Objects.requireNonNull(discarded.reports()).metrics())
        .containsExactly(Map.entry("accuracy", 0.125));
    assertThat(record(rig, 2).reports()).isNull();
    assertThat(rig.coordinator().rounds().records(M, 9, 9).getLast()).isEqualTo(record(rig, 0));
  }

  private static RoundRecord record(Rig rig, long round) {
    return Objects.requireNonNull(rig.coordinator().rounds().record(M, round));
  }
}
