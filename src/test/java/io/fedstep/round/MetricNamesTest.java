package io.fedstep.round;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What the metrics of a round cost: its names, and not those of each client. */
class MetricNamesTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final int EACH = 32;

  private static SortedMap<String, Double> metrics(String prefix) {
    var metrics = new TreeMap<String, Double>();
    for (int i = 0; i < EACH; i++) {
      metrics.put(prefix + ("x".repeat(50) + i), i + 0.5);
    }
    return metrics;
  }

  @Test
  void metrics_areEqualToWhatCame() {
    SortedMap<String, Double> sent = metrics("a");
    SortedMap<String, Double> kept = new MetricNames().kept(sent);
    assertThat(kept).isEqualTo(sent).hasSameHashCodeAs(sent).containsExactlyEntriesOf(sent);
    assertThat(kept.firstKey()).isEqualTo(sent.firstKey());
    assertThat(kept.lastKey()).isEqualTo(sent.lastKey());
    assertThat(kept.headMap(sent.lastKey())).isEqualTo(sent.headMap(sent.lastKey()));
    assertThat(kept.get("another")).isNull();
    assertThat(new MetricNames().kept(new TreeMap<>())).isEmpty();
  }

  @Test
  void updatesWithTheSameNames_shareThem() {
    var names = new MetricNames();
    var first = (PackedMetrics) names.kept(metrics("a"));
    var second = (PackedMetrics) names.kept(metrics("a"));
    var other = (PackedMetrics) names.kept(metrics("b"));
    assertThat(second.names()).isSameAs(first.names());
    assertThat(names.kept(other)).isSameAs(other);
  }

  @Test
  void namesBeyondTheBound_areLeftOut_andAReplayIsTheSame() {
    var round = new Round(7, "0a1b2c3d-7", NOW);
    var replayed = new Round(7, "0a1b2c3d-7", NOW);
    var counts = new ArrayList<Integer>();
    for (int client = 0; client < 40; client++) {
      String id = "client-" + client;
      UpdateMetadata header = UpdateMetadata.of(1, metrics("n" + client + "-"), null);
      Verdict<Decision.Accepted> verdict =
          round.accept(
              id,
              new Round.Origin(7, null),
              client,
              header,
              new VectorSummary("crc32c:00000001", 1),
              NOW);
      Decision.Accepted decision = ((Verdict.Enters<Decision.Accepted>) verdict).decision();
      round.apply(decision);
      replayed.apply(decision);
      counts.add(decision.metrics().size());
    }
    assertThat(counts.subList(0, 31)).containsOnly(EACH);
    assertThat(counts.get(31)).isEqualTo(MetricNames.MOST - 31 * EACH);
    assertThat(counts.subList(32, 40)).containsOnly(0);
    assertThat(Measured.means(round.inClientOrder(), Measured::weight)).hasSize(MetricNames.MOST);
    assertThat(replayed.inClientOrder()).isEqualTo(round.inClientOrder());
  }

  /** As a journal has them that was written before there was a bound. */
  @Test
  void replay_leavesOutWhatIsBeyond() {
    var round = new Round(7, "0a1b2c3d-7", NOW);
    for (int client = 0; client < 40; client++) {
      round.apply(
          new Decision.Accepted(
              "client-" + client,
              client,
              1,
              metrics("n" + client + "-"),
              new VectorSummary("crc32c:00000001", 1),
              NOW,
              client + 1,
              0));
    }
    List<Decision.Accepted> all = round.inClientOrder();
    assertThat(all).hasSize(40);
    assertThat(Measured.means(all, Measured::weight)).hasSize(MetricNames.MOST);
  }
}
