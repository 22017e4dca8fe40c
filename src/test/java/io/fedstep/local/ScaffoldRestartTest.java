package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.ThinGoldens;
import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.Upload;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.Control;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.Version;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Rounds with SCAFFOLD are the reference's when the server starts anew before each update. */
@BesideOthers
class ScaffoldRestartTest {
  private static final String M = "golden";

  static Stream<JsonNode> goldens() {
    return ThinGoldens.json("scaffold").valueStream();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void restarts_changeNothing(JsonNode golden, @TempDir Path data) throws IOException {
    Rig rig = Rig.on(data);
    rig.create(M, golden.required("spec").toString());
    int number = 0;
    for (JsonNode round : golden.required("rounds").values()) {
      for (var update : round.required("updates").properties()) {
        rig = rig.restarted();
        submit(rig, number, update.getKey(), update.getValue());
      }
      rig.awaitVersion(M, ++number);
      rig = rig.restarted();
      assertThat(rig.state(M)).isEqualTo(round.required("state").stringValue());
      assertThat(hex(rig.gradient(M))).isEqualTo(round.required("gradient").stringValue());
      Version version = rig.coordinator().version(M, number);
      JsonNode next = golden.required("rounds").path(number);
      if (!next.isMissingNode()) {
        assertThat(hex(Rig.bytes(version.controlBytes())))
            .isEqualTo(next.required("control").stringValue());
        assertThat(version.controls().byClient().size())
            .isEqualTo(next.required("control_rounds").size());
        version
            .controls()
            .byClient()
            .forEach((client, of) ->
                assertThat(next.required("control_rounds").required(client).longValue())
                    .isEqualTo(of));
      }
    }
    rig.close();
    assertThat(number).isEqualTo(6);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static void submit(Rig rig, long round, String client, JsonNode one) throws IOException {
    JsonNode control = one.required("control");
    Control said =
        control.isNumber()
            ? new Control.Of(control.longValue())
            : control.stringValue().equals("lost") ? new Control.Lost() : null;
    byte[] row = HexFormat.of().parseHex(one.required("row").stringValue());
    try (Upload upload = rig.coordinator().begin(M, round, client, null)) {
      var intake = new VectorIntake(upload.spec().layout(), upload.spec().dtype(), upload.sink());
      intake.readOctets(new ByteArrayInputStream(row));
      upload.submit(
          UpdateMetadata.of(one.required("weight").doubleValue(), Map.of(), null)
              .computed(one.required("local_rate").doubleValue(), said),
          intake.finish());
    }
  }
}
