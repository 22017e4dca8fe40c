package io.fedstep.metrics;

import io.fedstep.kafka.ClusterMeters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.function.Supplier;

/** Metrics of a process's part in a cluster. */
public final class RangeMeters implements ClusterMeters {
  private final MeterRegistry registry;

  /** Metrics in a registry; there are none before the process joins a cluster. */
  public RangeMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void joined(Supplier<Share> share) {
    gauge("fedstep.cluster.led", () -> share.get().led())
        .description("Partitions of the requests whose models this process decides for.")
        .register(registry);
    gauge("fedstep.cluster.ranges", () -> share.get().computed())
        .description("Partitions of the chunks whose ranges this process computes.")
        .register(registry);
    lag("requests", () -> share.get().requestsLag());
    lag("chunks", () -> share.get().chunksLag());
    lag("decisions", () -> share.get().decisionsLag());
    gauge("fedstep.cluster.held", () -> share.get().held())
        .description("Messages of chunks that open rounds keep Kafka from removing.")
        .register(registry);
    takeovers("requests");
    takeovers("chunks");
  }

  private static Gauge.Builder<Supplier<Number>> gauge(String name, Supplier<Number> value) {
    return Gauge.builder(name, value);
  }

  private void lag(String topic, Supplier<Number> messages) {
    gauge("fedstep.cluster.lag", messages)
        .description("Messages of its partitions that this process has not taken yet.")
        .tag("topic", topic)
        .register(registry);
  }

  private Counter takeovers(String topic) {
    return Counter.builder("fedstep.cluster.takeovers")
        .description("Partitions that this process has taken over.")
        .tag("topic", topic)
        .register(registry);
  }

  @Override
  public void leads() {
    takeovers("requests").increment();
  }

  @Override
  public void computes() {
    takeovers("chunks").increment();
  }

  @Override
  public void exchanged(Duration duration) {
    Timer.builder("fedstep.cluster.exchange.seconds")
        .description("How long a range waited for what it needs of the others.")
        .register(registry)
        .record(duration);
  }
}
