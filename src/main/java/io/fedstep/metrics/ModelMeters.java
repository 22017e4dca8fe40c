package io.fedstep.metrics;

import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.PrivacyAccount;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.SecureRounds;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
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
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The meters of one model, from its creation to its deletion. */
final class ModelMeters {
  private static final int MOST_REPORTED = 32;

  private final MeterRegistry registry;
  private final InstantSource clock;
  private final Tags model;
  private final UpdateCounters updates;
  private final List<Meter> gauges = new ArrayList<>();
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
    this.clock = clock;
    model = Tags.of("model", name);
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
    gauge(
        "metrics.left.out",
        null,
        "Metrics of the last completed round that are not shown, or were not kept, for their number",
        () -> leftOut);
    gauge(
        "model.failed",
        null,
        "1 if a corrupt file or a failed read or write has stopped the model",
        status == null ? () -> 1 : polled(status, now -> now.phase() == Phase.FAILED ? 1 : 0));
    if (status != null) {
      gauge("round", null, "The open round's number", polled(status, ModelStatus::round));
      gauge(
          "round.updates",
          "updates",
          "Updates accepted in the open round",
          polled(status, ModelStatus::updates));
      gauge(
          "round.min.updates",
          "updates",
          "Updates with which the open round may close at its deadline",
          polled(status, ModelStatus::minUpdates));
      gauge(
          "round.max.updates",
          "updates",
          "Updates with which the open round closes at once",
          polled(status, ModelStatus::maxUpdates));
      showPrivacy(status);
      showMembers(status);
      gauge(
          "round.age",
          "seconds",
          "Seconds since the open round opened",
          polled(status, now -> seconds(Duration.between(now.openedAt(), clock.instant()))));
      gauge(
          "last.round",
          "seconds",
          "Seconds from the opening to the end of the last round that made a version; 0 before one",
          () -> lastRoundSeconds);
    }
  }

  private void showPrivacy(Supplier<ModelStatus> status) {
    PrivacyAccount account = status.get().privacy();
    if (account == null) {
      return;
    }
    gauge(
        "privacy.epsilon",
        null,
        "The epsilon that the client has spent that has spent most",
        polled(status, now -> now.privacy() == null ? 0 : now.privacy().epsilon()));
    Double budget = account.budget();
    if (budget != null) {
      gauge("privacy.budget", null, "The epsilon at which training stops", () -> budget);
    }
  }

  /** Shows no more how the model is: the process does that which decides for it. */
  synchronized void decidedElsewhere() {
    isHere = false;
    gauges.forEach(registry::remove);
    gauges.clear();
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

  /** Shows who is in the open round of a secure model, and its counters from the begin. */
  private void showMembers(Supplier<ModelStatus> status) {
    if (status.get().isSecure()) {
      gauge(
          "round.members",
          null,
          "Members of the open round of a secure model",
          polled(status, now -> now.answered(0)));
      SecureRounds.STAGES.forEach(
          stage -> abandoned.computeIfAbsent(stage, this::abandonedCounter));
      SecureRounds.TIMED.forEach(stage -> stages.computeIfAbsent(stage, this::stageTimer));
    }
  }

  private LatestValues latest(String what, String description, Function<String, Tags> tags) {
    return new LatestValues(
        MultiGauge.builder("fedstep." + what).description(description).tags(model), registry, tags);
  }

  private void gauge(
      String what, @Nullable String unit, String description, Supplier<Number> value) {
    gauges.add(
        Gauge.builder("fedstep." + what, value)
            .description(description)
            .baseUnit(unit)
            .tags(model)
            .register(registry));
  }

  private static Supplier<Number> polled(
      Supplier<ModelStatus> status, ToDoubleFunction<ModelStatus> number) {
    return () -> number.applyAsDouble(status.get());
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
