package io.fedstep.metrics;

import io.fedstep.kafka.ClusterMeters;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.function.IntSupplier;

/** Metrics of a process's part in a cluster. */
public final class RangeMeters implements ClusterMeters {
  private final MeterRegistry registry;

  /** Metrics in a registry; there are none before the process joins a cluster. */
  public RangeMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void joined(IntSupplier partitionsLed, IntSupplier partitionsComputed) {
    Gauge.builder("fedstep.cluster.led", partitionsLed::getAsInt)
        .description("Partitions of the requests whose models this process decides for.")
        .register(registry);
    Gauge.builder("fedstep.cluster.ranges", partitionsComputed::getAsInt)
        .description("Partitions of the chunks whose ranges this process computes.")
        .register(registry);
  }

  @Override
  public void exchanged(Duration duration) {
    Timer.builder("fedstep.cluster.exchange.seconds")
        .description("How long a range waited for what it needs of the others.")
        .register(registry)
        .record(duration);
  }
}
