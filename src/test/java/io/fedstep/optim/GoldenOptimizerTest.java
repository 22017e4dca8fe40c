package io.fedstep.optim;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** RMSProp and the step equal declearn on NumPy in every bit, whole or in slices. */
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

  private static Tile state(JsonNode golden, JsonNode round) {
    JsonNode vector = round.path("state").path("modules").path(0).path(1).path("state");
    return tile(golden, vector.path("dump"));
  }

  private static RmsProp rmsProp(JsonNode modules) {
    JsonNode config = modules.path(0).path(1);
    return new RmsProp(config.path("beta").asDouble(), config.path("eps").asDouble());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"rmsprop.f4", "rmsprop.f8", "rmsprop_b99_eps1e-3.f4", "rmsprop_b99_eps1e-3.f8"})
  void module_equalsDeclearn(String name) throws IOException {
    JsonNode golden = golden(name);
    RmsProp module = rmsProp(golden.path("config"));
    Tile state = null;
    for (JsonNode round : golden.path("rounds").values()) {
      Tile gradient = tile(golden, round.path("in"));
      state = state == null ? Tile.zeros(dtype(golden), gradient.length()) : state;
      module.run(gradient, List.of(state));
      assertThat(hex(gradient)).isEqualTo(hex(tile(golden, round.path("out"))));
      assertThat(hex(state)).isEqualTo(hex(state(golden, round)));
    }
    assertThat(golden.path("rounds").size()).isEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({
    "optimizer_rmsprop.f4, 17",
    "optimizer_rmsprop.f8, 17",
    "optimizer_sgd_lrate1.f4, 17",
    "optimizer_sgd_lrate1.f8, 17",
    "optimizer_rmsprop.f4, 1",
    "optimizer_rmsprop.f8, 3",
    "optimizer_sgd_lrate1.f4, 5",
    "optimizer_sgd_lrate1.f8, 7"
  })
  void optimizer_equalsDeclearn_inSlices(String name, int slice) throws IOException {
    JsonNode golden = golden(name);
    JsonNode config = golden.path("config");
    boolean moduled = config.path("modules").size() > 0;
    var optimizer =
        new Optimizer(
            config.path("lrate").asDouble(),
            config.path("w_decay").asDouble(),
            moduled ? List.of(rmsProp(config.path("modules"))) : List.of());
    Tile state = null;
    for (JsonNode round : golden.path("rounds").values()) {
      Tile gradient = tile(golden, round.path("in"));
      Tile weights = tile(golden, round.path("weights_in"));
      state = state == null ? Tile.zeros(dtype(golden), gradient.length()) : state;
      for (int from = 0; from < gradient.length(); from += slice) {
        int length = Math.min(slice, gradient.length() - from);
        run(optimizer, gradient, state, weights, from, length, moduled);
      }
      assertThat(hex(weights)).isEqualTo(hex(tile(golden, round.path("weights_out"))));
      if (moduled) {
        assertThat(hex(state)).isEqualTo(hex(state(golden, round)));
      }
    }
    assertThat(golden.path("rounds").size()).isEqualTo(6);
  }

  /** Runs the optimizer on one slice of everything. */
  private static void run(
      Optimizer optimizer,
      Tile gradient,
      Tile state,
      Tile weights,
      int from,
      int length,
      boolean moduled) {
    var slices = new ArrayList<Tile>();
    for (Tile whole : List.of(gradient, state, weights)) {
      Tile slice = Tile.zeros(whole.dtype(), length);
      copy(whole, from, slice, 0, length);
      slices.add(slice);
    }
    optimizer.precondition(slices.get(0), moduled ? List.of(List.of(slices.get(1))) : List.of());
    optimizer.apply(slices.get(0), slices.get(2), Tile.zeros(gradient.dtype(), length));
    copy(slices.get(1), 0, state, from, length);
    copy(slices.get(2), 0, weights, from, length);
  }

  private static void copy(Tile from, int at, Tile into, int place, int length) {
    switch (from) {
      case FloatTile floats ->
          System.arraycopy(floats.values(), at, ((FloatTile) into).values(), place, length);
      case DoubleTile doubles ->
          System.arraycopy(doubles.values(), at, ((DoubleTile) into).values(), place, length);
    }
    Objects.checkFromIndexSize(place, length, into.length());
  }
}
