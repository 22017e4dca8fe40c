package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * The room on the disk of the models: DEGRADED when it is less than what the open rounds and their
 * versions still need, since all but updates is served on.
 */
@Component("diskSpace")
final class DiskHealth implements HealthIndicator {
  /** For what else is written: records, journals, accounts. */
  private static final long LEAST_BYTES = 10_000_000;

  private final Coordinator coordinator;

  DiskHealth(Coordinator coordinator) {
    this.coordinator = coordinator;
  }

  @Override
  public Health health() {
    long free = coordinator.freeBytes() + coordinator.deletedBytes();
    long needed = coordinator.neededBytes() + LEAST_BYTES;
    return (free < needed ? Health.status("DEGRADED") : Health.up())
        .withDetail("free", free)
        .withDetail("needed", needed)
        .build();
  }
}
