package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/** The models that a failure has stopped, each a component of the health; nothing without one. */
@Component("models")
final class ModelsHealth implements CompositeHealthContributor {
  private static final String DEGRADED = "DEGRADED";

  private final Coordinator coordinator;

  ModelsHealth(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @Override
  public @Nullable HealthContributor getContributor(String model) {
    String why = coordinator.failure(model);
    return why == null ? null : degraded(why);
  }

  @Override
  public Stream<Entry> stream() {
    return coordinator.models().stream()
        .mapMulti((model, out) -> {
          String why = coordinator.failure(model);
          if (why != null) {
            out.accept(new Entry(model, degraded(why)));
          }
        });
  }

  private static HealthIndicator degraded(String why) {
    return () -> Health.status(DEGRADED).withDetail("failure", why).build();
  }
}
