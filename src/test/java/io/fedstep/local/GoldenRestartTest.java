package io.fedstep.local;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.Upload;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.UpdateMetadata;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Training goes on as declearn's does when the server starts anew before each round. */
@BesideOthers
class GoldenRestartTest {
  private static final String M = "golden";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "adagrad.f4",
        "adam.f8",
        "adam_amsgrad.f4",
        "chain_l2global_adam.f8",
        "chain_momentum_rmsprop.f4",
        "ewma.f8",
        "l2-clipping.f4",
        "l2-global-clipping.f8",
        "momentum.f4",
        "momentum_nesterov.f8",
        "rmsprop.f4",
        "rmsprop_b99_eps1e-3.f8",
        "yogi.f4",
        "yogi-momentum.f8",
        "yogi_amsgrad.f4"
      })
  void restarts_changeNothing(String name, @TempDir Path data) throws IOException {
    JsonNode golden;
    try (InputStream in = getClass().getResourceAsStream("/golden/" + name + ".json")) {
      golden = JsonMapper.shared().readTree(in);
    }
    Rig rig = Rig.on(data);
    rig.create(
        M,
        "{\"tensors\": %s, \"dtype\": \"%s\", \"optimizer\": {\"lrate\": 1, \"modules\": %s}}"
            .formatted(
                golden.path("shapes"),
                name.endsWith(".f4") ? "float32" : "float64",
                golden.path("config")));
    int version = 0;
    for (JsonNode round : golden.path("rounds").values()) {
      rig = rig.restarted();
      String hex =
          golden.path("shapes").propertyNames().stream()
              .map(tensor -> round.path("in").path(tensor).asString())
              .collect(joining());
      submit(rig, version++, HexFormat.of().parseHex(hex));
      rig.awaitVersion(M, version);
      assertThat(JsonMapper.shared().readTree(rig.state(M))).isEqualTo(round.path("state"));
    }
    rig.close();
    assertThat(version).isEqualTo(6);
  }

  private static void submit(Rig rig, long round, byte[] values) throws IOException {
    try (Upload upload = rig.coordinator().begin(M, round, "solo", null)) {
      var intake = new VectorIntake(upload.spec().layout(), upload.spec().dtype(), upload.sink());
      intake.readOctets(new ByteArrayInputStream(values));
      upload.submit(UpdateMetadata.of(1, Map.of(), null), intake.finish());
    }
  }
}
