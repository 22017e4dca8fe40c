package io.fedstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.ModelHead;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ServerMetersTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final ModelSpec SPEC =
      new ModelSpec(
          new TensorLayout(Map.of("w", List.of(3L))),
          Dtype.FLOAT32,
          Optimizer.DEFAULT,
          ModelSpec.DEFAULT_AGGREGATOR,
          null,
          RoundPolicy.DEFAULT);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ServerMeters meters = new ServerMeters(registry, () -> NOON.plusSeconds(90));

  static ModelStatus status(Phase phase) {
    var head = new ModelHead("toy", "3f9c2a71", NOON, SPEC, false, -1, "5ec3e7");
    var newest = new VersionInfo(7, VersionInfo.MadeBy.ROUND, "3f9c2a71-7", NOON, "crc32c:0");
    return new ModelStatus(
        head, newest, phase, 2, NOON, null, 1, 0, 0, 0, 0, "update", List.of(2), null);
  }

  static RoundRecord round(RoundRecord.Outcome outcome, Map<String, Double> metrics) {
    return round(SPEC, outcome, metrics);
  }

  static RoundRecord round(
      ModelSpec spec, RoundRecord.Outcome outcome, Map<String, Double> metrics) {
    var update =
        new Decision.Accepted(
            "alice", 0, 1, new TreeMap<>(metrics), new VectorSummary("crc32c:0", 1), NOON, 1, 0);
    boolean completed = outcome == RoundRecord.Outcome.COMPLETED;
    return new RoundRecord(
        7,
        outcome,
        "3f9c2a71-7",
        spec,
        1,
        NOON,
        new Decision.Closed(Decision.Cause.MAX_UPDATES, NOON),
        NOON.plusSeconds(4),
        List.of(update),
        completed ? 2.0 : null,
        completed ? 3.0 : null);
  }

  private void ended(RoundRecord.Outcome outcome, Map<String, Double> metrics) {
    meters.roundEnded(
        "toy", round(outcome, metrics), Duration.ofMillis(20), Duration.ofMillis(1000));
  }

  private double gauge(String name) {
    return registry.get(name).tag("model", "toy").gauge().value();
  }

  private List<String> reported() {
    return registry.find("fedstep.reported").gauges().stream()
        .map(gauge -> gauge.getId().getTag("metric") + "=" + gauge.value())
        .sorted()
        .toList();
  }

  private List<Meter> ofModels() {
    return registry.getMeters().stream()
        .filter(meter -> meter.getId().getTag("model") != null)
        .toList();
  }

  @Test
  void gauges_pollTheModel() {
    meters.modelAdded("toy", () -> status(Phase.COLLECTING));
    assertThat(gauge("fedstep.round")).isEqualTo(7);
    assertThat(gauge("fedstep.round.updates")).isEqualTo(2);
    assertThat(gauge("fedstep.round.age")).isEqualTo(90);
    assertThat(gauge("fedstep.model.failed")).isZero();
  }

  @Test
  void model_thatFails_showsIt() {
    meters.modelAdded("toy", () -> status(Phase.FAILED));
    assertThat(gauge("fedstep.model.failed")).isEqualTo(1);
  }

  @Test
  void model_thatCouldNotBeRead_isFailedAndHasNoRound() {
    meters.modelAdded("toy", null);
    assertThat(gauge("fedstep.model.failed")).isEqualTo(1);
    assertThat(registry.find("fedstep.round").gauge()).isNull();
  }

  @Test
  void model_thatAnotherProcessDecidesFor_isOnlyCounted() {
    meters.modelFollowed("toy");
    meters.updateAnswered("toy", "accepted", Duration.ZERO, 0);
    assertThat(registry.find("fedstep.round").gauge()).isNull();
    assertThat(registry.find("fedstep.model.failed").gauge()).isNull();

    meters.modelAdded("toy", () -> status(Phase.COLLECTING));
    ended(RoundRecord.Outcome.COMPLETED, Map.of("loss", 0.5));
    assertThat(gauge("fedstep.round")).isEqualTo(7);
    assertThat(reported()).containsExactly("loss=0.5");
    meters.reported("toy", new TreeMap<>(Map.of("auc", 0.9)));
    assertThat(gauge("fedstep.report.metric")).isEqualTo(0.9);

    meters.modelFollowed("toy");
    meters.reported("toy", new TreeMap<>(Map.of("auc", 0.8)));
    assertThat(registry.find("fedstep.report.metric").gauge()).isNull();
    assertThat(registry.find("fedstep.round").gauge()).isNull();
    assertThat(registry.find("fedstep.gradient.norm").gauge()).isNull();
    assertThat(registry.find("fedstep.reported").gauge()).isNull();
    assertThat(registry.get("fedstep.rounds").tag("outcome", "completed").counter().count())
        .isEqualTo(1);
    assertThat(registry.get("fedstep.updates").tag("outcome", "accepted").counter().count())
        .isEqualTo(1);
  }

  @Test
  void round_lastsUntilItsVersionExists() {
    meters.modelAdded("toy", () -> status(Phase.COLLECTING));
    ended(RoundRecord.Outcome.COMPLETED, Map.of());
    ended(RoundRecord.Outcome.DISCARDED, Map.of());
    assertThat(registry.get("fedstep.round.seconds").timer().count()).isEqualTo(1);
    assertThat(registry.get("fedstep.round.seconds").timer().totalTime(TimeUnit.SECONDS))
        .isEqualTo(5);
  }

  @Test
  void reported_isOfTheLastCompletedRound() {
    meters.modelAdded("toy", () -> status(Phase.COLLECTING));
    assertThat(registry.find("fedstep.gradient.norm").gauge()).isNull();
    ended(RoundRecord.Outcome.COMPLETED, Map.of("loss", 0.5, "accuracy", 0.9));
    assertThat(reported()).containsExactly("accuracy=0.9", "loss=0.5");
    ended(RoundRecord.Outcome.COMPLETED, Map.of("loss", 0.25));
    assertThat(reported()).containsExactly("loss=0.25");
    ended(RoundRecord.Outcome.NOT_FINITE, Map.of("auc", 1.0));
    ended(RoundRecord.Outcome.DISCARDED, Map.of("auc", 1.0));
    assertThat(reported()).containsExactly("loss=0.25");
    assertThat(gauge("fedstep.gradient.norm")).isEqualTo(2);
    assertThat(gauge("fedstep.step.norm")).isEqualTo(3);
  }

  @Test
  void reported_hasALimit() {
    meters.modelAdded("toy", () -> status(Phase.COLLECTING));
    var many = new TreeMap<String, Double>();
    IntStream.range(0, 100).forEach(i -> many.put("m" + i / 10 + i % 10, 1.0));
    ended(RoundRecord.Outcome.COMPLETED, many);
    assertThat(reported()).hasSize(32).startsWith("m00=1.0").endsWith("m31=1.0");
  }

  @Test
  void removedModel_leavesNothing_howeverLateItsEvents() {
    meters.modelAdded("toy", () -> status(Phase.COLLECTING));
    meters.updateAnswered("toy", "malformed", Duration.ZERO, 0);
    ended(RoundRecord.Outcome.COMPLETED, Map.of("loss", 0.5));
    meters.modelRemoved("toy");
    ended(RoundRecord.Outcome.COMPLETED, Map.of("loss", 0.5));
    meters.deadlinePassed("toy");
    assertThat(ofModels()).isEmpty();

    meters.updateAnswered("toy", "model-not-found", Duration.ZERO, 0);
    assertThat(ofModels()).extracting(meter -> meter.getId().getTag("model")).containsExactly("");

    meters.modelAdded("toy", () -> status(Phase.COLLECTING));
    assertThat(registry.get("fedstep.rounds").tags("model", "toy").counters())
        .hasSize(3)
        .allMatch(counter -> counter.count() == 0);
  }

  @Test
  void model_isKeptAliveWhileItExists_andNoLonger() {
    Supplier<ModelStatus> status = new Fresh();
    var held = new WeakReference<>(status);
    meters.modelAdded("toy", status);
    status = null;
    System.gc();
    assertThat(gauge("fedstep.round")).isEqualTo(7);

    meters.modelRemoved("toy");
    for (int i = 0; i < 100 && held.get() != null; i++) {
      System.gc();
    }
    assertThat(held.get()).isNull();
  }

  /** A supplier that is an object of its own, as a method reference to a runner is. */
  private static final class Fresh implements Supplier<ModelStatus> {
    @Override
    public ModelStatus get() {
      return status(Phase.COLLECTING);
    }
  }
}
