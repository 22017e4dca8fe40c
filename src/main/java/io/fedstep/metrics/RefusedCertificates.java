package io.fedstep.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.IntSupplier;

/** Whether new certificates lie there that are not taken up. */
public record RefusedCertificates(IntSupplier refused) implements MeterBinder {
  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("fedstep.certificates.refused", refused, IntSupplier::getAsInt)
        .description(
            "Certificates that were changed and not taken up: no key of theirs, or unreadable")
        .register(registry);
  }
}
