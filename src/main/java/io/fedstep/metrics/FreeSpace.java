package io.fedstep.metrics;

import io.fedstep.coordinator.Coordinator;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/** The room that is left where the models are stored, and what gives way where there is none. */
public record FreeSpace(Coordinator coordinator) implements MeterBinder {
  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("fedstep.store.free", coordinator, Coordinator::freeBytes)
        .description("Bytes that may still be written to the disk of the data folder")
        .baseUnit("bytes")
        .register(registry);
    Gauge.builder("fedstep.store.deleted", coordinator, Coordinator::deletedBytes)
        .description("Bytes of deleted models that can be had back, which go where room is needed")
        .baseUnit("bytes")
        .register(registry);
  }
}
