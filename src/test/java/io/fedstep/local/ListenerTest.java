package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.DataFolder;
import io.fedstep.store.StorageException;
import io.fedstep.store.Unforced;
import io.fedstep.store.VersionBytes;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
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

  /** What is read or written while a model's files go finds no model, and no failure of one. */
  @Test
  void deletion_isNoFailure_forWhatIsUnderWay(@TempDir Path data) {
    var refusals = new ArrayList<Refusal>();
    var underWay = new ArrayList<Runnable>();
    var during =
        new Listener() {
          @Override
          public void modelRemoved(String model) {
            underWay.forEach(action -> refusals.add(Rig.refusal(action::run)));
          }
        };
    try (var coordinator =
        new LocalCoordinator(
            new DataFolder(Unforced.disk(), data),
            Rig.LIMITS,
            new FakeClock(),
            () -> "0a1b2c3d",
            during)) {
      var json = Json.object();
      json.putObject("tensors").putArray("w").add(3);
      coordinator.create("toy", SpecCodec.read(json));
      try (Upload first = coordinator.begin("toy", 0, "alice", null)) {
        Rig.submit(first, 1, 1, 2, 3);
      }
      coordinator.await("toy", now -> now.round() == 1, Duration.ofSeconds(30));
      try (Upload upload = coordinator.begin("toy", 1, "alice", null);
          VersionBytes weights = coordinator.version("toy", 1).weightBytes()) {
        underWay.add(() -> upload.sink().write(0, ByteBuffer.allocate(4)));
        underWay.add(() -> {
          try {
            weights.read(0, ByteBuffer.allocate(4));
          } catch (StorageException e) {
            throw coordinator.failure("toy", e).exception();
          }
        });
        coordinator.delete("toy");
        underWay.forEach(action -> refusals.add(Rig.refusal(action::run)));
      }
    }
    assertThat(refusals)
        .hasSize(4)
        .extracting(Refusal::problem)
        .containsOnly(Problem.MODEL_NOT_FOUND);
  }

  @Test
  void deletion_isToldBeforeTheModelEnds_soThatItLooksLikeNoFailure(@TempDir Path data) {
    var told = new Told();
    try (var coordinator =
        new LocalCoordinator(
            new DataFolder(Unforced.disk(), data),
            Rig.LIMITS,
            new FakeClock(),
            () -> "0a1b2c3d",
            told)) {
      var json = Json.object();
      json.putObject("tensors").putArray("w").add(3);
      coordinator.create("toy", SpecCodec.read(json));
      coordinator.delete("toy");
    }
    assertThat(told.events).containsExactly("added collecting", "removed collecting");
  }
}
