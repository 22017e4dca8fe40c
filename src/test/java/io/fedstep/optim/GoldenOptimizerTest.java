package io.fedstep.optim;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.OptimizerCodec;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The modules and the step equal declearn on NumPy in every bit, whole or in slices. */
class GoldenOptimizerTest {
  private static JsonNode golden(String name) throws IOException {
    try (InputStream in =
        GoldenOptimizerTest.class.getResourceAsStream("/golden/" + name + ".json")) {
      return new JsonMapper().readTree(new String(in.readAllBytes(), UTF_8));
    }
  }

  private static Dtype dtype(JsonNode golden) {
    return golden.path("dtype").asString().equals("f4") ? Dtype.FLOAT32 : Dtype.FLOAT64;
  }

  /** The flat vector of a golden's tensors. */
  private static Tile tile(JsonNode golden, JsonNode tensors) {
    String hex =
        golden.path("shapes").propertyNames().stream()
            .map(name -> hex(tensors.path(name)))
            .collect(joining());
    byte[] bytes = HexFormat.of().parseHex(hex);
    Tile tile = Tile.zeros(dtype(golden), bytes.length / dtype(golden).bytes());
    tile.read(MemorySegment.ofArray(bytes), 0);
    return tile;
  }

  private static String hex(JsonNode tensor) {
    return tensor.isString() ? tensor.stringValue() : tensor.path("dump").path(0).asString();
  }

  private static String hex(Tile tile) {
    byte[] bytes = new byte[tile.length() * tile.dtype().bytes()];
    tile.write(MemorySegment.ofArray(bytes), 0);
    return HexFormat.of().formatHex(bytes);
  }

  private static TensorLayout layout(JsonNode golden) {
    var shapes = new LinkedHashMap<String, List<Long>>();
    for (var entry : golden.path("shapes").properties()) {
      shapes.put(entry.getKey(), entry.getValue().valueStream().map(JsonNode::asLong).toList());
    }
    return new TensorLayout(shapes);
  }

  /** The vectors of a state, in the order of the entries. */
  private static List<String> vectors(JsonNode golden, JsonNode state, List<StateEntry> entries) {
    var vectors = new ArrayList<String>();
    for (StateEntry entry : entries) {
      JsonNode value = state.path(entry.key());
      switch (entry) {
        case StateEntry.Values _ -> vectors.add(hex(tile(golden, value.path("dump"))));
        case StateEntry.Group group -> vectors.addAll(vectors(golden, value, group.entries()));
        case StateEntry.Steps _, StateEntry.Clients _, StateEntry.Nothing _ -> {}
      }
    }
    return vectors;
  }

  static Stream<String> modules() {
    return Stream.of(
            "adagrad",
            "adam",
            "adam_amsgrad",
            "chain_l2global_adam",
            "chain_momentum_rmsprop",
            "ewma",
            "l2-clipping",
            "l2-global-clipping",
            "momentum",
            "momentum_nesterov",
            "rmsprop",
            "rmsprop_b99_eps1e-3",
            "yogi",
            "yogi-momentum",
            "yogi_amsgrad")
        .flatMap(name -> Stream.of(name + ".f4", name + ".f8"));
  }

  @ParameterizedTest
  @MethodSource("modules")
  void modules_equalDeclearn(String name) throws IOException {
    JsonNode golden = golden(name);
    ObjectNode config = JsonNodeFactory.instance.objectNode().put("lrate", 1);
    config.set("modules", golden.path("config"));
    var run = new SlicedSteps(OptimizerCodec.read(config, ""), layout(golden), dtype(golden));
    for (JsonNode round : golden.path("rounds").values()) {
      Tile gradient = tile(golden, round.path("in"));
      Tile weights = Tile.zeros(gradient.dtype(), gradient.length());
      run.step(gradient, weights, gradient.length());
      assertThat(hex(gradient)).isEqualTo(hex(tile(golden, round.path("out"))));
      assertState(run, golden, round.path("state"));
    }
    assertThat(golden.path("rounds").size()).isEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({
    "optimizer_rmsprop.f4, 17",
    "optimizer_rmsprop.f8, 17",
    "optimizer_sgd_lrate1.f4, 17",
    "optimizer_sgd_lrate1.f8, 17",
    "optimizer_ridge_lasso_adam.f4, 17",
    "optimizer_ridge_lasso_adam.f8, 17",
    "optimizer_rmsprop.f4, 1",
    "optimizer_rmsprop.f8, 3",
    "optimizer_sgd_lrate1.f4, 5",
    "optimizer_sgd_lrate1.f8, 7",
    "optimizer_ridge_lasso_adam.f4, 4",
    "optimizer_ridge_lasso_adam.f8, 1"
  })
  void optimizer_equalsDeclearn_inSlices(String name, int slice) throws IOException {
    JsonNode golden = golden(name);
    var run =
        new SlicedSteps(
            OptimizerCodec.read(golden.path("config"), ""), layout(golden), dtype(golden));
    for (JsonNode round : golden.path("rounds").values()) {
      Tile weights = tile(golden, round.path("weights_in"));
      run.step(tile(golden, round.path("in")), weights, slice);
      assertThat(hex(weights)).isEqualTo(hex(tile(golden, round.path("weights_out"))));
      assertState(run, golden, round.path("state"));
    }
    assertThat(golden.path("rounds").size()).isEqualTo(6);
  }

  private static void assertState(SlicedSteps run, JsonNode golden, JsonNode expected) {
    for (int i = 0; i < run.state().size(); i++) {
      JsonNode module = expected.path("modules").path(i).path(1);
      assertThat(run.state().get(i).stream().map(GoldenOptimizerTest::hex).toList())
          .isEqualTo(vectors(golden, module, run.optimizer().modules().get(i).state()));
    }
  }
}
