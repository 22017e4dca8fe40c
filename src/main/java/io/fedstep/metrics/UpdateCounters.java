package io.fedstep.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What came of the updates for one model, or for none: a counter for each outcome. */
final class UpdateCounters {
  private final MeterRegistry registry;
  private final String model;
  private final Map<String, Counter> counters = new ConcurrentHashMap<>();
  private boolean removed;

  /** Counts updates under the label {@code model}. */
  UpdateCounters(MeterRegistry registry, String model) {
    this.registry = registry;
    this.model = model;
  }

  /** Counts an update, unless the model is deleted meanwhile. */
  void count(String outcome) {
    if (!counters.containsKey(outcome)) {
      start(outcome);
    }
    Counter counter = counters.get(outcome);
    if (counter != null) {
      counter.increment();
    }
  }

  /** Shows an outcome, at 0 as long as no update has it. */
  synchronized void start(String outcome) {
    if (!removed) {
      counters.computeIfAbsent(
          outcome,
          _ ->
              Counter.builder("fedstep.updates")
                  .description("Updates answered: accepted, duplicate or the problem's code")
                  .baseUnit("updates")
                  .tag("model", model)
                  .tag("outcome", outcome)
                  .register(registry));
    }
  }

  synchronized void remove() {
    removed = true;
    counters.values().forEach(registry::remove);
  }
}
