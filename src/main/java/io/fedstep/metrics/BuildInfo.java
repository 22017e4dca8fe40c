package io.fedstep.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * What runs.
 *
 * @param version of fedstep
 * @param engine what decides and computes, {@code local} or {@code kafka}
 */
public record BuildInfo(String version, String engine) implements MeterBinder {
  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("fedstep.build.info", () -> 1)
        .description("1, with the version and the engine that run")
        .tag("version", version)
        .tag("engine", engine)
        .register(registry);
  }
}
