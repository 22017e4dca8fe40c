package io.fedstep.metrics;

import io.fedstep.coordinator.Coordinator;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * The room where the models are stored: what is left, what gives way, what is needed, and what
 * uploads take that are not whole.
 */
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
    Gauge.builder("fedstep.store.needed", coordinator, Coordinator::neededBytes)
        .description(
            "Bytes that the open rounds still need, with min_updates each, and their versions")
        .baseUnit("bytes")
        .register(registry);
    Gauge.builder("fedstep.paused.uploads", coordinator, Coordinator::pausedUploads)
        .description("Uploads that come in several requests and are no updates yet")
        .register(registry);
    Gauge.builder("fedstep.paused.upload.bytes", coordinator, Coordinator::pausedBytes)
        .description("Bytes that these take on the disk, beside their rows")
        .register(registry);
  }
}
