package io.fedstep.metrics;

import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.round.RoundRecord;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/** The meters of all models, and of each as long as it exists. */
public final class ServerMeters implements Listener {
  private static final double[] REQUEST_SECONDS = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60
  };

  /** A round lasts as long as its slowest client, in a simulation or over a night. */
  private static final double[] ROUND_SECONDS = {
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400
  };

  private final MeterRegistry registry;
  private final InstantSource clock;
  private final Map<String, ModelMeters> models = new ConcurrentHashMap<>();
  private final UpdateCounters strangers;
  private final Timer updateSeconds;
  private final DistributionSummary updateBytes;
  private final Timer roundSeconds;
  private final Timer aggregateSeconds;
  private final Timer commitSeconds;

  /** Registers what all models share; gauges of ages ask the clock. */
  public ServerMeters(MeterRegistry registry, InstantSource clock) {
    this.registry = registry;
    this.clock = clock;
    strangers = new UpdateCounters(registry, "");
    updateSeconds =
        timer("update", "From an update's first byte to its acknowledgement", REQUEST_SECONDS);
    updateBytes =
        DistributionSummary.builder("fedstep.update.bytes")
            .description("Bytes of the bodies that updates sent, refused ones included")
            .baseUnit("bytes")
            .register(registry);
    roundSeconds =
        timer("round", "From a round's opening to the version that it made", ROUND_SECONDS);
    aggregateSeconds =
        timer("aggregate", "From a round's close to its version being computed", REQUEST_SECONDS);
    commitSeconds =
        timer("commit", "From a version being computed to its existence", REQUEST_SECONDS);
  }

  /** The unit is in the name: without it the timer of rounds would be the gauge of the round. */
  private Timer timer(String what, String description, double[] buckets) {
    return Timer.builder("fedstep." + what + ".seconds")
        .description(description)
        .serviceLevelObjectives(
            DoubleStream.of(buckets)
                .mapToObj(seconds -> Duration.ofNanos(Math.round(seconds * 1e9)))
                .toArray(Duration[]::new))
        .register(registry);
  }

  @Override
  public void modelAdded(String model, @Nullable Supplier<ModelStatus> status) {
    known(model).decidedHere(status);
  }

  @Override
  public void modelFollowed(String model) {
    known(model).decidedElsewhere();
  }

  private ModelMeters known(String model) {
    return models.computeIfAbsent(model, name -> new ModelMeters(registry, clock, name));
  }

  @Override
  public void modelRemoved(String model) {
    ModelMeters removed = models.remove(model);
    if (removed != null) {
      removed.remove();
    }
  }

  @Override
  public void updateAnswered(String model, String outcome, Duration duration, long bytes) {
    ModelMeters known = models.get(model);
    (known == null ? strangers : known.updates()).count(outcome);
    if (outcome.equals(ACCEPTED) || outcome.equals(DUPLICATE)) {
      updateSeconds.record(duration);
    }
    if (bytes > 0) { // what its head already refused would pull the mean down
      updateBytes.record((double) bytes);
    }
  }

  @Override
  public void roundEnded(String model, RoundRecord round, Duration aggregation, Duration commit) {
    ModelMeters known = models.get(model);
    if (known != null) {
      known.roundEnded(round);
    }
    if (round.isAggregated()) {
      roundSeconds.record(Duration.between(round.openedAt(), round.endedAt()).plus(commit));
      aggregateSeconds.record(aggregation);
      commitSeconds.record(commit);
    }
  }

  @Override
  public void stageEnded(String model, String stage, Duration lasted) {
    ModelMeters known = models.get(model);
    if (known != null) {
      known.stageEnded(stage, lasted);
    }
  }

  @Override
  public void reported(String model, SortedMap<String, Double> means) {
    ModelMeters known = models.get(model);
    if (known != null) {
      known.reported(means);
    }
  }

  @Override
  public void metricsLeftOut(String model, int count) {
    ModelMeters known = models.get(model);
    if (known != null) {
      known.metricsLeftOut(count);
    }
  }

  @Override
  public void deadlinePassed(String model) {
    ModelMeters known = models.get(model);
    if (known != null) {
      known.deadlinePassed();
    }
  }
}
