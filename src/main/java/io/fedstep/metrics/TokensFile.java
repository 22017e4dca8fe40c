package io.fedstep.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.BooleanSupplier;

/** Whether the tokens that are known are those of the file. */
public record TokensFile(BooleanSupplier isRead) implements MeterBinder {
  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("fedstep.tokens.file.ok", isRead, read -> read.getAsBoolean() ? 1 : 0)
        .description("0 while the file of tokens cannot be read and those known before go on")
        .register(registry);
  }
}
