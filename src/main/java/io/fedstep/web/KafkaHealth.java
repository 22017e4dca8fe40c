package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.stereotype.Component;

/** The parts of Kafka that are missing, each a component of the health; nothing without one. */
@Component("kafka")
final class KafkaHealth implements CompositeHealthContributor {
  private static final Status DEGRADED = new Status("DEGRADED");

  private final Coordinator coordinator;

  KafkaHealth(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @Override
  public @Nullable HealthContributor getContributor(String part) {
    Coordinator.Missing missing = coordinator.missing().get(part);
    return missing == null ? null : health(missing);
  }

  @Override
  public Stream<Entry> stream() {
    return coordinator.missing().entrySet().stream()
        .map(part -> new Entry(part.getKey(), health(part.getValue())));
  }

  private static HealthIndicator health(Coordinator.Missing missing) {
    return () ->
        Health.status(missing.stops() ? Status.OUT_OF_SERVICE : DEGRADED)
            .withDetail("missing", missing.what())
            .build();
  }
}
