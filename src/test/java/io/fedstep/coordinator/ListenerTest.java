package io.fedstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.store.DataFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListenerTest {
  /** Writes down what it is told, and the model's phase at that moment. */
  private static final class Told implements Listener {
    private final List<String> events = new ArrayList<>();
    private final Map<String, Supplier<ModelStatus>> models = new TreeMap<>();

    @Override
    public void modelAdded(String model, @Nullable Supplier<ModelStatus> status) {
      models.put(model, Objects.requireNonNull(status));
      events.add("added " + phase(model));
    }

    @Override
    public void modelRemoved(String model) {
      events.add("removed " + phase(model));
    }

    private String phase(String model) {
      return Objects.requireNonNull(models.get(model)).get().phase().label();
    }
  }

  @Test
  void deletion_isToldBeforeTheModelEnds_soThatItLooksLikeNoFailure(@TempDir Path data) {
    var told = new Told();
    try (var coordinator =
        new LocalCoordinator(
            new DataFolder(data), Rig.LIMITS, new FakeClock(), () -> "0a1b2c3d", told)) {
      var json = Json.object();
      json.putObject("tensors").putArray("w").add(3);
      coordinator.create("toy", SpecCodec.read(json));
      coordinator.delete("toy");
    }
    assertThat(told.events).containsExactly("added collecting", "removed collecting");
  }
}
