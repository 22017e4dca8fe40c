package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Phase;
import io.fedstep.problem.RefusedException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/** The models that a failure has stopped, each a component of the health; nothing without one. */
@Component("models")
final class FailedModels implements CompositeHealthContributor {
  private static final String DEGRADED = "DEGRADED";

  private final Coordinator coordinator;

  FailedModels(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @Override
  public @Nullable HealthContributor getContributor(String model) {
    String why = failure(model);
    return why == null ? null : degraded(why);
  }

  @Override
  public Stream<Entry> stream() {
    return coordinator.models().stream()
        .mapMulti((model, out) -> {
          String why = failure(model);
          if (why != null) {
            out.accept(new Entry(model, degraded(why)));
          }
        });
  }

  private static HealthIndicator degraded(String why) {
    return () -> Health.status(DEGRADED).withDetail("failure", why).build();
  }

  private @Nullable String failure(String model) {
    String broken = coordinator.brokenBy(model);
    if (broken != null) {
      return broken;
    }
    try {
      if (coordinator.status(model).phase() == Phase.FAILED) {
        coordinator.spec(model);
      }
      return null;
    } catch (RefusedException e) {
      return switch (e.refusal().problem()) {
        case MODEL_FAILED -> e.refusal().detail();
        default -> null; // deleted since the names were read
      };
    }
  }
}
