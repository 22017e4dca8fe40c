package io.fedstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.local.Rig;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.process.BesideOthers;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What an engine without private models, and without SCAFFOLD, says of one. */
@BesideOthers
class PrivateElsewhereTest {
  private static ModelSpec spec(String privacy) {
    String json =
        """
        {"tensors": {"w": [3]}, "aggregator": ["averaging", {"steps_weighted": false}],
         "privacy": %s}\
        """
            .formatted(privacy);
    return SpecCodec.read(
        Json.readObject(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))));
  }

  @Test
  void privateModel_isRefused_withBothKeys() {
    ModelSpec asked = spec("{\"clip_norm\": 1, \"noise_multiplier\": 1, \"delta\": 1e-5}");
    Refusal refusal = Rig.refusal(() -> NewModels.checkForSeveral(asked));
    assertThat(refusal.problem()).isEqualTo(Problem.BAD_SPEC);
    assertThat(refusal.detail()).contains("privacy", "fedstep.engine=kafka");
    assertThatCode(() -> NewModels.checkForSeveral(spec("null"))).doesNotThrowAnyException();
  }

  @Test
  void modelWithScaffold_isRefused_withBothKeys() {
    String json =
        """
        {"tensors": {"w": [3]}, "optimizer": {"lrate": 1, "modules": ["scaffold-server"]},
         "aggregator": ["averaging", {"steps_weighted": false}]}\
        """;
    ModelSpec asked =
        SpecCodec.read(
            Json.readObject(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))));
    Refusal refusal = Rig.refusal(() -> NewModels.checkForSeveral(asked));
    assertThat(refusal.problem()).isEqualTo(Problem.BAD_SPEC);
    assertThat(refusal.detail()).contains("optimizer.modules", "fedstep.engine=kafka");
    assertThatCode(() -> NewModels.checkForSeveral(spec("null"))).doesNotThrowAnyException();
  }
}
