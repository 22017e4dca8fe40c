package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.bytes;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.f8;
import static io.fedstep.contract.Vectors.hex;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What declearn computes, to the last bit, and means in exact arithmetic. */
class GoldenTest {
  private final List<String> tensors = new ArrayList<>();

  private JsonNode golden(String name) throws IOException {
    try (InputStream in = GoldenTest.class.getResourceAsStream("/golden/" + name + ".json")) {
      JsonNode golden = Reply.json(new String(in.readAllBytes(), UTF_8));
      tensors.addAll(golden.path("shapes").propertyNames());
      return golden;
    }
  }

  private static String dtype(JsonNode golden) {
    return golden.path("dtype").asString().equals("f4") ? "float32" : "float64";
  }

  /** The flat vector of a golden's tensors. */
  private byte[] flat(JsonNode vector) {
    return bytes(tensors.stream().map(name -> vector.path(name).asString()).collect(joining()));
  }

  private static Model create(JsonNode golden, String optimizer, String more) {
    return Model.create(
        "{\"tensors\": %s, \"dtype\": \"%s\", \"optimizer\": %s%s}"
            .formatted(golden.path("shapes"), dtype(golden), optimizer, more));
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
  void module_equalsDeclearn(String name) throws IOException {
    JsonNode golden = golden(name);
    Model model =
        create(golden, "{\"lrate\": 1, \"modules\": %s}".formatted(golden.path("config")), "");
    assertState(model, golden.path("initial_state"));
    int version = 0;
    for (JsonNode round : golden.path("rounds").values()) {
      model.putOctets(update(version, "solo"), flat(round.path("in"))).is(201);
      model.awaitVersion(++version);
      assertThat(hex(model.get("/versions/" + version + "/gradient").is(200).body()))
          .isEqualTo(hex(flat(round.path("out"))));
      assertState(model, round.path("state"));
    }
    assertThat(version).isEqualTo(6);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "optimizer_rmsprop.f4",
        "optimizer_rmsprop.f8",
        "optimizer_sgd_lrate1.f4",
        "optimizer_sgd_lrate1.f8",
        "optimizer_ridge_lasso_adam.f4",
        "optimizer_ridge_lasso_adam.f8"
      })
  void optimizer_equalsDeclearn(String name) throws IOException {
    JsonNode golden = golden(name);
    Model model = create(golden, golden.path("config").toString(), "");
    assertThat(model.get("/optimizer").json()).isEqualTo(golden.path("config"));
    assertState(model, golden.path("initial_state"));
    model.putOctets("/weights", flat(golden.path("rounds").path(0).path("weights_in"))).is(200);
    int version = 0;
    for (JsonNode round : golden.path("rounds").values()) {
      assertThat(hex(model.weights())).isEqualTo(hex(flat(round.path("weights_in"))));
      model.putOctets(update(version, "solo"), flat(round.path("in"))).is(201);
      model.awaitVersion(++version);
      assertThat(hex(model.weights())).isEqualTo(hex(flat(round.path("weights_out"))));
      assertState(model, round.path("state"));
    }
    assertThat(version).isEqualTo(6);
  }

  /** Every state that declearn has written goes on as declearn did, in another model. */
  @ParameterizedTest
  @MethodSource("modules")
  void restoredState_continuesAsDeclearn(String name) throws IOException {
    JsonNode golden = golden(name);
    JsonNode rounds = golden.path("rounds");
    String optimizer = "{\"lrate\": 1, \"modules\": %s}".formatted(golden.path("config"));
    Model model = create(golden, optimizer, "");
    for (int round = 1; round < rounds.size(); round += 2) {
      String state = PythonJson.dumps(rounds.path(round - 1).path("state"));
      model.putJson("/optimizer/state", state).is(201);
      assertThat(model.get("/optimizer/state").text()).isEqualTo(state);
      model.putOctets(update(round, "solo"), flat(rounds.path(round).path("in"))).is(201);
      model.awaitVersion(round + 1);
      assertState(model, rounds.path(round).path("state"));
    }
    model.putJson("/optimizer/state", PythonJson.dumps(golden.path("initial_state"))).is(201);
    assertState(model, golden.path("initial_state"));
  }

  private static void assertState(Model model, JsonNode state) {
    assertThat(model.get("/optimizer/state").is(200).text()).isEqualTo(PythonJson.dumps(state));
  }

  @ParameterizedTest
  @CsvSource({
    "agg_averaging_steps.f4, 01234",
    "agg_averaging_steps.f4, 31402",
    "agg_averaging_steps.f8, 01234",
    "agg_averaging_steps.f8, 31402",
    "agg_averaging_unweighted.f4, 01234",
    "agg_averaging_unweighted.f4, 31402",
    "agg_averaging_unweighted.f8, 01234",
    "agg_averaging_unweighted.f8, 31402"
  })
  void mean_isTheExactOneRoundedOnce(String name, String arrival) throws IOException {
    JsonNode golden = golden(name);
    boolean weighted = golden.path("steps_weighted").asBoolean();
    Model model =
        create(
            golden,
            "{\"lrate\": 1.0, \"modules\": []}",
            """
            , "aggregator": ["averaging", {"steps_weighted": %s}],
            "round": {"min_updates": 5}\
            """
                .formatted(weighted));
    int version = 0;
    for (JsonNode round : golden.path("rounds").values()) {
      for (int i : arrival.chars().map(Character::getNumericValue).toArray()) {
        String query = "?weight=" + round.path("n_steps").path(i).asInt();
        model
            .putOctets(update(version, "client-" + i) + query, flat(round.path("raw").path(i)))
            .is(201);
      }
      model.awaitVersion(++version);
      assertThat(hex(model.get("/versions/" + version + "/gradient").is(200).body()))
          .isEqualTo(hex(exactMean(round, weighted, dtype(golden))));
    }
    assertThat(version).isEqualTo(6);
  }

  // --- exact arithmetic

  private byte[] exactMean(JsonNode round, boolean weighted, String dtype) {
    var rows = new ArrayList<double[]>();
    var weights = new ArrayList<BigDecimal>();
    for (int i = 0; i < round.path("raw").size(); i++) {
      rows.add(Vectors.values(flat(round.path("raw").path(i)), dtype));
      weights.add(
          weighted ? BigDecimal.valueOf(round.path("n_steps").path(i).asInt()) : BigDecimal.ONE);
    }
    BigDecimal total = weights.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
    var means = new double[rows.getFirst().length];
    for (int column = 0; column < means.length; column++) {
      BigDecimal sum = BigDecimal.ZERO;
      boolean allNegativeZero = true;
      for (int i = 0; i < rows.size(); i++) {
        double value = rows.get(i)[column];
        allNegativeZero &= Double.doubleToRawLongBits(value) == Long.MIN_VALUE;
        sum = sum.add(new BigDecimal(value).multiply(weights.get(i)));
      }
      boolean single = dtype.equals("float32");
      means[column] = allNegativeZero ? -0.0 : nearest(sum, total, single);
    }
    return dtype.equals("float32") ? f4(means) : f8(means);
  }

  /** The number of the dtype that is nearest to {@code sum / total}, ties to even. */
  private static double nearest(BigDecimal sum, BigDecimal total, boolean single) {
    BigDecimal quotient = sum.divide(total, MathContext.DECIMAL128);
    double near = single ? quotient.floatValue() : quotient.doubleValue();
    double below = single ? Math.nextDown((float) near) : Math.nextDown(near);
    double above = single ? Math.nextUp((float) near) : Math.nextUp(near);
    return Arrays.stream(new double[] {near, below, above})
        .boxed()
        .min((a, b) -> {
          int closer = distance(a, sum, total).compareTo(distance(b, sum, total));
          return closer != 0 ? closer : Boolean.compare(odd(a, single), odd(b, single));
        })
        .orElseThrow();
  }

  private static BigDecimal distance(double candidate, BigDecimal sum, BigDecimal total) {
    return new BigDecimal(candidate).multiply(total).subtract(sum).abs();
  }

  private static boolean odd(double value, boolean single) {
    long bits = single ? Float.floatToRawIntBits((float) value) : Double.doubleToRawLongBits(value);
    return (bits & 1) == 1;
  }
}
