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

/** What several machines say of models that are for one. */
@BesideOthers
class PrivateElsewhereTest {
  private static ModelSpec spec(String privacy, String more) {
    String json =
        """
        {"tensors": {"w": [3]}, "aggregator": ["averaging", {"steps_weighted": false}],
         "privacy": %s%s}\
        """
            .formatted(privacy, more);
    return SpecCodec.read(
        Json.readObject(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8))));
  }

  @Test
  void privateModel_isRefused_whereTheNoiseIsTheClients() {
    String privacy = "{\"clip_norm\": 1, \"noise_multiplier\": 1, \"delta\": 1e-5%s}";
    ModelSpec asked =
        spec(
            privacy.formatted(", \"where\": \"clients\""),
            ", \"secure\": {}, \"round\": {\"min_updates\": 9, \"timeout\": \"1m\"}");
    Refusal refusal = Rig.refusal(() -> NewModels.checkForSeveral(asked));
    assertThat(refusal.problem()).isEqualTo(Problem.BAD_SPEC);
    assertThat(refusal.detail()).contains("secure", "fedstep.engine=kafka");
    ModelSpec byServer = spec(privacy.formatted(""), "");
    assertThatCode(() -> NewModels.checkForSeveral(byServer)).doesNotThrowAnyException();
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
    assertThatCode(() -> NewModels.checkForSeveral(spec("null", ""))).doesNotThrowAnyException();
  }
}
