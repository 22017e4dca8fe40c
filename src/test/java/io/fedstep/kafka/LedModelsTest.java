package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelStatus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedModelsTest {
  private final List<String> told = new ArrayList<>();
  private final LedModels models =
      new LedModels(
          _ -> 3,
          new Listener() {
            @Override
            public void modelAdded(String model, @Nullable Supplier<ModelStatus> status) {
              told.add(status == null ? "failed" : "added");
            }

            @Override
            public void modelFollowed(String model) {
              told.add("followed");
            }

            @Override
            public void modelRemoved(String model) {
              told.add("removed");
            }
          });

  @Test
  void model_isShownByWhoLeadsItsPartition(@TempDir Path root) {
    try (var engine =
            new Engine(() -> Decided.NOW, Listener.NONE, new Limits(2, 2, 9, 9, 9, 9, 9, 1));
        var run = new Decided(root, engine, 1)) {
      run.create("a1");
      models.leads(4, true);
      models.added(run.live().state());
      models.leads(3, true);
      models.leads(3, false);
      models.leads(3, true);
      models.removed(Decided.M);
      models.leads(3, false);
      assertThat(told).containsExactly("followed", "added", "followed", "added", "removed");
    }
  }

  @Test
  void model_thatCannotBeRead_isShownByAnybody() {
    models.broken("toy");
    models.removed("toy");
    assertThat(told).containsExactly("failed", "removed");
  }
}
