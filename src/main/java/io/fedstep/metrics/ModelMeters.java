package io.fedstep.metrics;

import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.SecureRounds;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The meters of one model, from its creation to its deletion. */
final class ModelMeters {
  private static final int MOST_REPORTED = 32;

  private static final String LEFT_OUT =
      "Metrics of the last completed round that are not shown, or were not kept, for their number";

  private static final String LAST_ROUND =
      "Seconds from the opening to the end of the last round that made a version; 0 before one";

  private final MeterRegistry registry;
  private final Tags model;
  private final UpdateCounters updates;
  private final ModelGauges gauges;
  private final Map<RoundRecord.Outcome, Counter> rounds = new EnumMap<>(RoundRecord.Outcome.class);
  private final Map<String, Counter> abandoned = new ConcurrentHashMap<>();
  private final Map<String, Timer> stages = new ConcurrentHashMap<>();
  private final Counter deadlinesPassed;
  private final LatestValues ofUpdates;
  private final LatestValues ofReports;
  private final LatestValues gradientNorm;
  private final LatestValues stepNorm;
  private boolean isHere;
  private final AtomicLong leftOutSince = new AtomicLong();
  private volatile long leftOut;
  private volatile double lastRoundSeconds;
  private boolean removed;

  /** Registers what is counted wherever it happens. */
  ModelMeters(MeterRegistry registry, InstantSource clock, String name) {
    this.registry = registry;
    model = Tags.of("model", name);
    gauges = new ModelGauges(registry, clock, model);
    updates = new UpdateCounters(registry, name);
    updates.start(Listener.ACCEPTED);
    for (var outcome : RoundRecord.Outcome.values()) {
      if (outcome != RoundRecord.Outcome.ABANDONED) { // of models that have such rounds alone
        rounds.put(outcome, roundCounter(outcome));
      }
    }
    deadlinesPassed =
        Counter.builder("fedstep.deadlines.passed")
            .description("Deadlines that came with fewer updates than min_updates")
            .tags(model)
            .register(registry);
    ofUpdates =
        latest(
            "reported",
            "Means of the metrics that came with the last completed round's updates",
            metric -> Tags.of("metric", metric));
    ofReports =
        latest(
            "report.metric",
            "Means of what clients measured of the version that was last reported of",
            metric -> Tags.of("metric", metric));
    gradientNorm =
        latest("gradient.norm", "L2 norm of the last completed round's mean", _ -> Tags.empty());
    stepNorm =
        latest(
            "step.norm",
            "L2 norm of what the last completed round changed in the weights",
            _ -> Tags.empty());
  }

  /** Shows how the model is; one that could not be read has no status, and no round. */
  synchronized void decidedHere(@Nullable Supplier<ModelStatus> status) {
    decidedElsewhere();
    isHere = !removed;
    if (removed) {
      return;
    }
    gauges.show("metrics.left.out", null, LEFT_OUT, () -> leftOut);
    gauges.showFailed(status);
    if (status != null) {
      gauges.show(status);
      gauges.show("last.round", "seconds", LAST_ROUND, () -> lastRoundSeconds);
      if (status.get().isSecure()) { // its counters from the begin
        SecureRounds.STAGES.forEach(
            stage -> abandoned.computeIfAbsent(stage, this::abandonedCounter));
        SecureRounds.TIMED.forEach(stage -> stages.computeIfAbsent(stage, this::stageTimer));
      }
    }
  }

  /** Shows no more how the model is: the process does that which decides for it. */
  synchronized void decidedElsewhere() {
    isHere = false;
    gauges.remove();
    List.of(ofUpdates, ofReports, gradientNorm, stepNorm).forEach(values -> values.show(Map.of()));
  }

  private Counter roundCounter(RoundRecord.Outcome outcome) {
    return Counter.builder("fedstep.rounds")
        .description("Rounds that ended, by outcome")
        .baseUnit("rounds")
        .tags(model)
        .tag("outcome", outcome.name().toLowerCase(Locale.ROOT).replace('_', '-'))
        .register(registry);
  }

  private Counter abandonedCounter(String stage) {
    return Counter.builder("fedstep.rounds.abandoned")
        .description("Rounds that were abandoned, by the stage at which they were")
        .tags(model)
        .tag("stage", stage)
        .register(registry);
  }

  private Timer stageTimer(String stage) {
    return Timer.builder("fedstep.round.stage")
        .description("How long the stages of secure rounds took that have ended")
        .tags(model)
        .tag("stage", stage)
        .register(registry);
  }

  private LatestValues latest(String what, String description, Function<String, Tags> tags) {
    return new LatestValues(
        MultiGauge.builder("fedstep." + what).description(description).tags(model), registry, tags);
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1e3;
  }

  UpdateCounters updates() {
    return updates;
  }

  synchronized void roundEnded(RoundRecord round) {
    rounds.computeIfAbsent(round.outcome(), this::roundCounter).increment();
    Decision.Abandoned why = round.abandoned();
    if (why != null) {
      abandoned.computeIfAbsent(why.stage(), this::abandonedCounter).increment();
    }
    if (round.outcome() != RoundRecord.Outcome.DISCARDED) {
      lastRoundSeconds = seconds(Duration.between(round.openedAt(), round.endedAt()));
    }
    if (round.outcome() == RoundRecord.Outcome.COMPLETED && isHere) {
      Map<String, Double> means = first(round.metrics());
      ofUpdates.show(means);
      leftOut = round.metrics().size() - means.size() + leftOutSince.getAndSet(0);
      gradientNorm.show(one(round.gradientNorm()));
      stepNorm.show(one(round.stepNorm()));
    }
  }

  synchronized void reported(SortedMap<String, Double> means) {
    if (isHere) {
      ofReports.show(first(means));
    }
  }

  /** As many as are shown, by name. */
  private static Map<String, Double> first(SortedMap<String, Double> means) {
    var shown = new TreeMap<String, Double>();
    means.entrySet().stream()
        .limit(MOST_REPORTED)
        .forEach(mean -> shown.put(mean.getKey(), mean.getValue()));
    return shown;
  }

  private static Map<String, Double> one(@Nullable Double value) {
    return value == null ? Map.of() : Map.of("", value);
  }

  void metricsLeftOut(int count) {
    leftOutSince.addAndGet(count);
  }

  synchronized void stageEnded(String stage, Duration lasted) {
    if (!removed) {
      stages.computeIfAbsent(stage, this::stageTimer).record(lasted);
    }
  }

  void deadlinePassed() {
    deadlinesPassed.increment();
  }

  /** Removes them all. */
  synchronized void remove() {
    decidedElsewhere();
    removed = true;
    updates.remove();
    rounds.values().forEach(registry::remove);
    abandoned.values().forEach(registry::remove);
    stages.values().forEach(registry::remove);
    registry.remove(deadlinesPassed);
  }
}
