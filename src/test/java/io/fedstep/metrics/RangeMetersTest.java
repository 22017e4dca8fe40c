package io.fedstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.kafka.ClusterMeters;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RangeMetersTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final RangeMeters meters = new RangeMeters(registry);
  private int led = 4;
  private long chunks;

  private ClusterMeters.Share share() {
    return new ClusterMeters.Share(led, 5, 2, chunks, 3, 400);
  }

  private double gauge(String name, String... tags) {
    return registry.get(name).tags(tags).gauge().value();
  }

  private double takeovers(String topic) {
    return registry.get("fedstep.cluster.takeovers").tag("topic", topic).counter().count();
  }

  @Test
  void aloneThereIsNothingToMeasure() {
    assertThat(registry.getMeters()).isEmpty();
  }

  @Test
  void gaugesFollowTheProcess() {
    meters.joined(this::share);
    assertThat(gauge("fedstep.cluster.led")).isEqualTo(4);
    assertThat(gauge("fedstep.cluster.ranges")).isEqualTo(5);
    assertThat(gauge("fedstep.cluster.lag", "topic", "requests")).isEqualTo(2);
    assertThat(gauge("fedstep.cluster.lag", "topic", "chunks")).isZero();
    assertThat(gauge("fedstep.cluster.lag", "topic", "decisions")).isEqualTo(3);
    assertThat(gauge("fedstep.cluster.held")).isEqualTo(400);
    led = 0;
    chunks = 17;
    assertThat(gauge("fedstep.cluster.led")).isZero();
    assertThat(gauge("fedstep.cluster.lag", "topic", "chunks")).isEqualTo(17);
  }

  @Test
  void takeoversAreCountedByTopic() {
    meters.joined(this::share);
    assertThat(takeovers("requests")).isZero();
    assertThat(takeovers("chunks")).isZero();
    meters.leads();
    meters.computes();
    meters.computes();
    assertThat(takeovers("requests")).isEqualTo(1);
    assertThat(takeovers("chunks")).isEqualTo(2);
  }

  @Test
  void exchangesAreTimed() {
    meters.exchanged(Duration.ofMillis(30));
    meters.exchanged(Duration.ofMillis(70));
    var timer = registry.get("fedstep.cluster.exchange.seconds").timer();
    assertThat(timer.count()).isEqualTo(2);
    assertThat(timer.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(100);
  }
}
