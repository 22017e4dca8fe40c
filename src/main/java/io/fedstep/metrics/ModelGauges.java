package io.fedstep.metrics;

import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.PrivacyAccount;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The gauges of one model, which show how it is; its lock is that of {@link ModelMeters}. */
final class ModelGauges {
  private final MeterRegistry registry;
  private final Tags model;
  private final List<Meter> gauges = new ArrayList<>();
  private final List<OfStatus> ofStatus;

  /** A gauge of a model's status, for the models that have it. */
  private record OfStatus(
      String what,
      @Nullable String unit,
      String description,
      Predicate<ModelStatus> isShown,
      ToDoubleFunction<ModelStatus> value) {
    OfStatus(
        String what,
        @Nullable String unit,
        String description,
        ToDoubleFunction<ModelStatus> value) {
      this(what, unit, description, _ -> true, value);
    }
  }

  ModelGauges(MeterRegistry registry, InstantSource clock, Tags model) {
    this.registry = registry;
    this.model = model;
    ofStatus =
        List.of(
            new OfStatus("round", null, "The open round's number", ModelStatus::round),
            new OfStatus(
                "round.updates",
                "updates",
                "Updates accepted in the open round",
                ModelStatus::updates),
            new OfStatus(
                "round.min.updates",
                "updates",
                "Updates with which the open round may close at its deadline",
                ModelStatus::minUpdates),
            new OfStatus(
                "round.max.updates",
                "updates",
                "Updates with which the open round closes at once",
                ModelStatus::maxUpdates),
            new OfStatus(
                "privacy.epsilon",
                null,
                "The epsilon that the client has spent that has spent most",
                now -> now.privacy() != null,
                now -> now.privacy() == null ? 0 : now.privacy().epsilon()),
            new OfStatus(
                "privacy.budget",
                null,
                "The epsilon at which training stops",
                now -> budget(now) > 0,
                ModelGauges::budget),
            new OfStatus(
                "round.members",
                null,
                "Members of the open round of a secure model",
                ModelStatus::isSecure,
                now -> now.answered(0)),
            new OfStatus(
                "round.age",
                "seconds",
                "Seconds since the open round opened",
                now -> Duration.between(now.openedAt(), clock.instant()).toMillis() / 1e3));
  }

  /** The epsilon that may be spent; 0 where there is no bound. */
  private static double budget(ModelStatus status) {
    PrivacyAccount account = status.privacy();
    Double budget = account == null ? null : account.budget();
    return budget == null ? 0 : budget;
  }

  /** Shows whether the model works; one that could not be read has no status. */
  void showFailed(@Nullable Supplier<ModelStatus> status) {
    show(
        "model.failed",
        null,
        "1 if a corrupt file or a failed read or write has stopped the model",
        () -> status == null || status.get().phase() == Phase.FAILED ? 1 : 0);
  }

  /** Shows what its status says. */
  void show(Supplier<ModelStatus> status) {
    ModelStatus now = status.get();
    ofStatus.stream()
        .filter(gauge -> gauge.isShown().test(now))
        .forEach(gauge ->
            show(
                gauge.what(),
                gauge.unit(),
                gauge.description(),
                () -> gauge.value().applyAsDouble(status.get())));
  }

  void show(String what, @Nullable String unit, String description, Supplier<Number> value) {
    gauges.add(
        Gauge.builder("fedstep." + what, value)
            .description(description)
            .baseUnit(unit)
            .tags(model)
            .register(registry));
  }

  void remove() {
    gauges.forEach(registry::remove);
    gauges.clear();
  }
}
