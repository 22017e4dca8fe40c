package io.fedstep.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.Map;
import java.util.function.Function;

/** Gauges of the latest values by name: those that are not among the latest go. */
final class LatestValues {
  private final MultiGauge gauges;
  private final Function<String, Tags> tags;
  private volatile Map<String, Double> latest = Map.of();

  /** Shows each value under the tags of its name. */
  LatestValues(MultiGauge.Builder gauges, MeterRegistry registry, Function<String, Tags> tags) {
    this.gauges = gauges.register(registry);
    this.tags = tags;
  }

  /** Shows these values and no others. */
  void show(Map<String, Double> values) {
    latest = Map.copyOf(values);
    gauges.register(values.keySet().stream().<MultiGauge.Row<?>>map(this::row).toList());
  }

  private MultiGauge.Row<?> row(String name) {
    return MultiGauge.Row.of(tags.apply(name), () -> latest.getOrDefault(name, Double.NaN));
  }
}
