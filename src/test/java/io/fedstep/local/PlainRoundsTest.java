package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.ThinGoldens;
import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.ModelSpec;
import io.fedstep.optim.KnownModules;
import io.fedstep.optim.KnownRegularizers;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.VersionDraft;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Tensors that are only averaged, beside an optimizer that does not see them. */
@BesideOthers
class PlainRoundsTest {
  private static final String M = "toy";
  private static final int PLAIN = 20_000;

  @TempDir private Path data;

  private static byte[] bytes(JsonNode hex) {
    return HexFormat.of().parseHex(hex.stringValue());
  }

  private static void setWeights(Rig rig, byte[] weights) throws IOException {
    ModelSpec spec = rig.coordinator().spec(M);
    try (VersionDraft draft = rig.changes(M).beginWeights();
        var intake = new VectorIntake(spec.layout(), spec.dtype(), draft.newWeights())) {
      intake.readOctets(new ByteArrayInputStream(weights));
      intake.finish();
      rig.changes(M).setWeights(draft);
    }
  }

  private static void setState(Rig rig, String state) {
    try (VersionDraft draft = rig.changes(M).beginState()) {
      draft.readState(new ByteArrayInputStream(state.getBytes(UTF_8)));
      rig.changes(M).setState(draft, Expected.ANY);
    }
  }

  private static void put(Rig rig, long round, String client, double weight, byte[] row)
      throws IOException {
    try (Upload upload = rig.coordinator().begin(M, round, client, null)) {
      ModelSpec spec = upload.spec();
      try (var intake = new VectorIntake(spec.layout(), spec.dtype(), upload.sink())) {
        intake.readOctets(new ByteArrayInputStream(row));
        upload.submit(UpdateMetadata.of(weight, Map.of(), null), intake.finish());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void rounds_areTheReferences_toTheBit(int model) throws IOException {
    JsonNode golden = ThinGoldens.json("plain").get(model);
    try (Rig rig = Rig.on(data)) {
      rig.create(M, golden.required("spec").toString());
      assertThat(rig.state(M)).isEqualTo(golden.required("initial_state").stringValue());
      setWeights(rig, bytes(golden.required("weights")));
      assertThat(golden.required("rounds")).hasSize(4);
      for (JsonNode round : golden.required("rounds")) {
        long number = rig.coordinator().durableStatus(M).newest().version();
        for (var update : round.required("updates").properties()) {
          double weight = update.getValue().required("weight").doubleValue();
          put(rig, number, update.getKey(), weight, bytes(update.getValue().required("row")));
        }
        rig.awaitVersion(M, number + 1);
        assertThat(rig.gradient(M)).isEqualTo(bytes(round.required("gradient")));
        assertThat(rig.weights(M)).isEqualTo(bytes(round.required("weights")));
        String state = round.required("state").stringValue();
        assertThat(rig.state(M)).isEqualTo(state);
        setState(rig, state); // what is restored is what goes on
        assertThat(rig.state(M)).isEqualTo(state);
      }
    }
  }

  static Stream<String> optimizers() {
    return Stream.concat(
        KnownModules.ALL.stream()
            .filter(module -> !module.name().equals("gaussian-noise"))
            .filter(module -> !module.name().equals("scaffold-server")) // see ScaffoldRestartTest
            .map(module -> "\"modules\": [\"%s\"]".formatted(module.name())),
        Stream.concat(
            KnownRegularizers.ALL.stream()
                .map(one -> "\"regularizers\": [\"%s\"], \"modules\": []".formatted(one.name())),
            Stream.of(
                "\"w_decay\": 0.25, \"modules\": [\"momentum\", \"l2-clipping\", \"adam\","
                    + " [\"l2-global-clipping\", {\"max_norm\": 0.5}]]")));
  }

  /** Two models, with tensors of more than a tile that are only averaged, and without. */
  @ParameterizedTest
  @MethodSource("optimizers")
  void optimizer_worksAsIfThereWereNone(String optimizer) {
    String rest =
        "\"optimizer\": {\"lrate\": 0.5, %s}, \"round\": {\"min_updates\": 1}}"
            .formatted(optimizer);
    try (Rig rig = Rig.on(data, new Limits(10, 10, 100_000, 100, 1024, 100, 1000, 2))) {
      rig.create(
          M,
          """
          {"tensors": {"a": [5], "mean": {"shape": [%s], "step": "plain"}, "b": [20001],
                       "variance": {"shape": [3], "step": "plain"}, "c": [2]},
          """
                  .formatted(PLAIN)
              + rest);
      rig.create("alone", "{\"tensors\": {\"a\": [5], \"b\": [20001], \"c\": [2]}, " + rest);
      var random = new Random(3);
      double[] plain = new double[PLAIN + 3];
      for (int round = 0; round < 3; round++) {
        double[] whole = random.doubles(PLAIN + 20_011).map(x -> (float) (x - 0.5)).toArray();
        whole[7] = round == 0 ? (float) 1e30 : 0; // whose square is infinite
        rig.advance(M, whole);
        rig.advance("alone", stepped(whole));
        assertThat(stepped(values(rig.weights(M)))).isEqualTo(values(rig.weights("alone")));
        assertThat(stepped(values(rig.gradient(M)))).isEqualTo(values(rig.gradient("alone")));
        assertThat(rig.state(M)).isEqualTo(rig.state("alone"));
        double[] gradient = plain(whole);
        for (int i = 0; i < plain.length; i++) {
          plain[i] = (float) plain[i] - (float) gradient[i];
        }
        assertThat(plain(values(rig.weights(M)))).isEqualTo(plain);
        assertThat(plain(values(rig.gradient(M)))).isEqualTo(gradient);
      }
    }
  }

  private static double[] values(byte[] floats) {
    var buffer = ByteBuffer.wrap(floats).order(ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[floats.length / 4];
    for (int i = 0; i < values.length; i++) {
      values[i] = buffer.getFloat();
    }
    return values;
  }

  private static double[] stepped(double[] whole) {
    return joined(whole, 0, 5, 5 + PLAIN, PLAIN + 20_006, PLAIN + 20_009, PLAIN + 20_011);
  }

  private static double[] plain(double[] whole) {
    return joined(whole, 5, 5 + PLAIN, PLAIN + 20_006, PLAIN + 20_009);
  }

  private static double[] joined(double[] whole, int... bounds) {
    var all = DoubleStream.empty();
    for (int i = 0; i < bounds.length; i += 2) {
      all = DoubleStream.concat(all, Arrays.stream(whole, bounds[i], bounds[i + 1]));
    }
    return all.toArray();
  }

  @Test
  void noise_countsCoordinatesInTheWholeVector() {
    String spec =
        """
        {"tensors": {"a": [3], "m": %s, "b": [4]},
         "optimizer": {"lrate": 1, "modules": [["gaussian-noise", {"seed": 7, "std": 1}]]}}\
        """;
    try (Rig rig = Rig.on(data)) {
      rig.create(M, spec.formatted("{\"shape\": [2], \"step\": \"plain\"}"));
      rig.create("all", spec.formatted("[2]"));
      rig.advance(M, 1, 2, 3, 4, 5, 6, 7, 8, 9);
      rig.advance("all", 1, 2, 3, 4, 5, 6, 7, 8, 9);
      double[] expected = values(rig.gradient("all"));
      expected[3] = 4;
      expected[4] = 5;
      assertThat(values(rig.gradient(M))).isEqualTo(expected);
    }
  }

  @Test
  void roundThatWouldBeTooLarge_isNotFinite() {
    try (Rig rig = Rig.on(data)) {
      rig.create(M, "{\"tensors\": {\"w\": [1], \"m\": {\"shape\": [1], \"step\": \"plain\"}}}");
      rig.advance(M, 0, -3e38);
      assertThat(values(rig.weights(M))[1]).isEqualTo((float) 3e38);
      rig.advance(M, 0, -3e38);
      assertThat(values(rig.weights(M))[1]).isEqualTo((float) 3e38);
    }
  }
}
