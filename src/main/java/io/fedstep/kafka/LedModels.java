package io.fedstep.kafka;

import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelState;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/** The models that this process decides for, so that one process of a cluster measures each. */
final class LedModels {
  private final ToIntFunction<String> partition;
  private final Listener listener;
  private final Map<String, ModelState> models = new HashMap<>();
  private final Set<Integer> led = new HashSet<>();

  /** Tells {@code listener}; a model is in a {@code partition}. */
  LedModels(ToIntFunction<String> partition, Listener listener) {
    this.partition = partition;
    this.listener = listener;
  }

  private boolean isLed(String model) {
    return led.contains(partition.applyAsInt(model));
  }

  synchronized void added(ModelState state) {
    models.put(state.model(), state);
    tell(state);
  }

  private void tell(ModelState state) {
    if (isLed(state.model())) {
      listener.modelAdded(state.model(), state::status);
    } else {
      listener.modelFollowed(state.model());
    }
  }

  /** A model that cannot be read here, whoever decides for it. */
  synchronized void broken(String model) {
    models.remove(model);
    listener.modelAdded(model, null);
  }

  synchronized void removed(String model) {
    models.remove(model);
    listener.modelRemoved(model);
  }

  /** The process leads a partition, or does so no more. */
  synchronized void leads(int number, boolean here) {
    if (here) {
      led.add(number);
    } else {
      led.remove(number);
    }
    models.values().stream()
        .filter(state -> partition.applyAsInt(state.model()) == number)
        .forEach(this::tell);
  }
}
