package io.fedstep.contract;

import static io.fedstep.contract.Http.JSON;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.f8;
import static io.fedstep.contract.Vectors.packed;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The optimizer's config and its state, read and restored. */
class OptimizerTest {
  private static final String SPEC =
      """
      {"tensors": {"w": [2], "b": []}, "optimizer": {"lrate": 0.5, "modules": ["rmsprop"]}}\
      """;
  private static final String INITIAL = "{\"modules\": [[\"rmsprop\", {\"state\": 0.0}]]}";

  /** A state of {@link #SPEC} with those tensors. */
  private static String state(String w, String b) {
    return """
    {"modules": [["rmsprop", {"state": {"__type__": "NumpyVector", \
    "dump": {"w": %s, "b": %s}}}]]}\
    """
        .formatted(w, b);
  }

  private static String state(byte[] w, byte[] b) {
    return state(packed(w, "f", "[2]"), packed(b, "f", "[]"));
  }

  @Test
  void config_isDeclearns() {
    Model model = Model.create(SPEC);
    assertThat(model.get("/optimizer").is(200).json())
        .isEqualTo(
            Reply.json(
                """
                {"lrate": 0.5, "w_decay": 0.0, "regularizers": [],
                 "modules": [["rmsprop", {"beta": 0.9, "eps": 1e-07}]]}\
                """));
  }

  // --- reading the state

  @Test
  void state_beforeTheFirstStep_isDeclearnsInitialOne() {
    Model model = Model.create(SPEC);
    Reply reply = model.get("/optimizer/state").is(200);
    assertThat(reply.text()).isEqualTo(INITIAL);
    assertThat(reply.header("Content-Type")).startsWith("application/json");
    assertThat(Model.create(Model.PLAIN).get("/optimizer/state").is(200).text())
        .isEqualTo("{\"modules\": []}");
  }

  @Test
  void state_afterAStep_isDeclearnsToTheByte() {
    Model model = Model.create(SPEC);
    model.advance("[2, -4, 0]");
    float oneMinusBeta = (float) (1 - 0.9);
    String expected = state(f4(oneMinusBeta * 4, oneMinusBeta * 16), f4(0));
    assertThat(model.get("/optimizer/state").text()).isEqualTo(expected);
    assertThat(model.get("/versions/1/optimizer/state").text()).isEqualTo(expected);
    assertThat(model.get("/versions/0/optimizer/state").text()).isEqualTo(INITIAL);
  }

  @Test
  void state_escapesTensorNamesAsPythonDoes() {
    String name = "é\\\"\\\\/\\n\\u0001\\u007f\\ud83d\\ude00";
    Model model = Model.create("{\"tensors\": {\"%s\": [1]}}".formatted(name));
    model.advance("[1]");
    String text = model.get("/optimizer/state").text();
    assertThat(text)
        .contains("{\"\\u00e9\\\"\\\\/\\n\\u0001\\u007f\\ud83d\\ude00\": {\"__type__\"")
        .isEqualTo(PythonJson.dumps(Reply.json(text)));
  }

  // --- restoring it

  @Test
  void putState_restoresTheSameBytes() {
    Model model = Model.create(SPEC);
    model.advance("[2, -4, 0]");
    model.advance("[1, 1, 1]");
    String state = model.get("/optimizer/state").text();
    byte[] weights = model.weights();
    model.advance("[3, 3, 3]");
    byte[] after = model.weights();

    JsonNode answer = model.putJson("/optimizer/state", state).is(201).json();
    assertThat(answer.path("model").asString()).isEqualTo(model.name());
    assertThat(answer.path("version").asLong()).isEqualTo(4);
    assertThat(answer.path("base").asString()).isEqualTo(model.base());
    assertThat(model.get("/optimizer/state").text()).isEqualTo(state);
    assertThat(model.weights()).isEqualTo(after).isNotEqualTo(weights);
    assertThat(model.get("/versions").json().path("versions").path(0).path("made_by").asString())
        .isEqualTo("state");
    model.get("/versions/4/gradient").problem(404, "gradient-not-found");
  }

  @Test
  void putState_fromAnotherModel_continuesThere() {
    Model one = Model.create(SPEC);
    one.advance("[2, -4, 1]");
    Model other = Model.create(SPEC);
    other.putJson("/optimizer/state", one.get("/optimizer/state").text()).is(201);
    one.advance("[1, 1, 1]");
    other.advance("[1, 1, 1]");
    assertThat(other.get("/optimizer/state").text()).isEqualTo(one.get("/optimizer/state").text());
    assertThat(other.get("/versions/2/gradient").body())
        .isEqualTo(one.get("/versions/2/gradient").body());
  }

  @Test
  void putState_ofTheInitialDocument_resets() {
    Model model = Model.create(SPEC);
    model.advance("[2, -4, 1]");
    byte[] first = model.get("/versions/1/gradient").body();
    model.putJson("/optimizer/state", INITIAL).is(201);
    assertThat(model.get("/optimizer/state").text()).isEqualTo(INITIAL);
    model.advance("[2, -4, 1]");
    assertThat(model.get("/versions/3/gradient").body()).isEqualTo(first);
  }

  @Test
  void putState_discardsTheOpenRound() {
    Model model = Model.create(SPEC.replace("}}", "}, \"round\": {\"min_updates\": 2}}"));
    model.submit(0, "alice", "{\"gradient\": [1, 2, 3]}").is(201);
    model.putJson("/optimizer/state", INITIAL).is(201);
    assertThat(model.current().path("round").asLong()).isEqualTo(1);
    assertThat(model.current().path("updates").asInt()).isZero();
    assertThat(model.get("/rounds/0").json().path("outcome").asString()).isEqualTo("discarded");
    model.submit(0, "bob", "{\"gradient\": [1, 2, 3]}").problem(410, "round-closed");
  }

  @Test
  void putState_withTheNewest_isSafeToRepeat() {
    Model model = Model.create(SPEC);
    model.putJson("/optimizer/state?newest=3", INITIAL).problem(409, "version-differs");
    model.putJson("/optimizer/state?newest=0", INITIAL).is(201);
    model.putJson("/optimizer/state?newest=0", INITIAL).problem(409, "version-differs");
    model.putJson("/optimizer/state?newest=x", INITIAL).problem(400, "malformed");
    assertThat(model.json("version").asLong()).isEqualTo(1);
  }

  // --- what is refused

  private static String[] badStates() {
    String good = state(f4(1, 2), f4(3));
    String b = packed(f4(3), "f", "[]");
    return new String[] {
      "{}",
      "{\"modules\": []}",
      "{\"modules\": [[\"adam\", {\"state\": 0.0}]]}",
      "{\"modules\": [[\"rmsprop\", {}]]}",
      "{\"modules\": [[\"rmsprop\", {\"state\": 0.0, \"steps\": 1}]]}",
      "{\"modules\": [[\"rmsprop\", {\"status\": 0.0}]]}",
      "{\"modules\": [[\"rmsprop\", {\"state\": 0.0}]], \"states\": []}",
      "{\"modules\": [[\"rmsprop\", {\"state\": 0.0}], [\"rmsprop\", {\"state\": 0.0}]]}",
      good.replace("NumpyVector", "numpy"),
      good.replace("np.ndarray", "ndarray"),
      // tensor names
      good.replace("\"w\"", "\"v\""),
      good.replace(", \"b\": " + b, ""),
      good.replace("\"w\": ", "\"u\": " + b + ", \"w\": "),
      // shapes and dtypes
      state(packed(f4(1, 2), "f", "[1, 2]"), b),
      state(packed(f4(1, 2, 3), "f", "[3]"), b),
      state(packed(f4(1, 2, 3), "f", "[2]"), b),
      state(packed(f4(1, 2), "f", "[2]"), packed(f4(3), "f", "[1]")),
      state(packed(f8(1, 2), "d", "[2]"), packed(f8(3), "d", "[]")),
      // values
      state(f4(1, Double.NaN), f4(3)),
      state(f4(1, 2), f4(Double.POSITIVE_INFINITY)),
      state(f4(1, -2), f4(3)),
      // hexadecimal
      good.replace("0000803f", "0000803"),
      good.replace("0000803f", "0000803g")
    };
  }

  @ParameterizedTest
  @MethodSource("badStates")
  void putState_thatDoesNotFit_isABadState(String state) {
    Model model = Model.create(SPEC);
    model.putJson("/optimizer/state", state).problem(422, "bad-state");
    assertThat(model.json("version").asLong()).isZero();
    assertThat(model.get("/optimizer/state").text()).isEqualTo(INITIAL);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "state", "{\"modules\": [", "{\"modules\": []} x"})
  void putState_thatIsNoJson_isMalformed(String state) {
    Model.create(SPEC).putJson("/optimizer/state", state).problem(400, "malformed");
  }

  private static final String ADAM =
      """
      {"tensors": {"w": [2], "b": []},
       "optimizer": {"lrate": 0.5, "modules": [["adam", {"amsgrad": true}]]}}\
      """;

  private static String vector(byte[] w, byte[] b) {
    return "{\"__type__\": \"NumpyVector\", \"dump\": {\"w\": %s, \"b\": %s}}"
        .formatted(packed(w, "f", "[2]"), packed(b, "f", "[]"));
  }

  private static String adam(String steps, String vmax, String momentum, String velocity) {
    return """
    {"modules": [["adam", {"steps": %s, "vmax": %s, "momentum": {"state": %s}, \
    "velocity": {"state": %s}}]]}\
    """
        .formatted(steps, vmax, momentum, velocity);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "9", "10", "123456", "9007199254740992"})
  void putState_ofAnyStep_isKeptWhateverTheOrder(String steps) {
    Model model = Model.create(ADAM);
    String one = vector(f4(1, 2), f4(3));
    String momentum = vector(f4(-1, 2), f4(0));
    String state = adam(steps, one, momentum, one);
    model.putJson("/optimizer/state", state).is(201);
    assertThat(model.get("/optimizer/state").text()).isEqualTo(state);
    String stepsLast =
        """
        {"modules": [["adam", {"velocity": {"state": %s}, "momentum": {"state": %s},
          "vmax": %s, "steps": %s}]]}\
        """
            .formatted(one, momentum, one, steps);
    model.putJson("/optimizer/state", stepsLast).is(201);
    assertThat(model.get("/optimizer/state").text()).isEqualTo(state);
    if (steps.length() < 9) {
      model.advance("[1, 1, 1]");
      assertThat(model.get("/optimizer/state").text())
          .contains("\"steps\": " + (Long.parseLong(steps) + 1) + ",");
    }
  }

  private static String[] badAdamStates() {
    String one = vector(f4(1, 2), f4(3));
    String negative = vector(f4(1, -2), f4(3));
    return new String[] {
      adam("-1", one, one, one),
      adam("9007199254740994", one, one, one),
      adam("1", "null", one, one),
      adam("1", negative, one, one),
      adam("1", one, one, negative),
      adam("1", one, vector(f4(1, 2), f4(Double.NaN)), one),
      adam("1", "0.0", "0.0", "0.0"),
      adam("1", "null", "0.0", "0.0"),
      adam("0", "null", "0.0", one),
      adam("1", one, one, one).replace("\"steps\": 1, ", ""),
      adam("1", one, one, one).replace("\"steps\"", "\"step\""),
      adam("1", one, one, one).replace("{\"state\": ", "{\"velocity\": "),
      INITIAL
    };
  }

  @ParameterizedTest
  @MethodSource("badAdamStates")
  void putState_thatNoAdamHas_isABadState(String state) {
    Model model = Model.create(ADAM);
    model.putJson("/optimizer/state", state).problem(422, "bad-state");
    assertThat(model.json("version").asLong()).isZero();
  }

  @Test
  void putOptimizer_thatChangesTheStatesVectors_isABadSpec() {
    Model model = Model.create(ADAM);
    model.putJson("/optimizer", "{\"lrate\": 1, \"modules\": [\"adam\"]}").problem(422, "bad-spec");
    String other = "[[\"adam\", {\"amsgrad\": true, \"beta_1\": 0.5}]]";
    String schedule =
        "[\"exponential-decay\", {\"base\": 1.0, \"rate\": 0.5, \"step_level\": true}]";
    model
        .putJson("/optimizer", "{\"lrate\": %s, \"modules\": %s}".formatted(schedule, other))
        .is(200);
    assertThat(model.get("/optimizer").json().path("lrate")).isEqualTo(Reply.json(schedule));
  }

  @Test
  void noise_isDrawnFromWhatNobodySees() {
    String spec =
        """
        {"tensors": {"w": [1000]}, "optimizer": {"lrate": 1, "modules": ["gaussian-noise"]}}\
        """;
    Model one = Model.create(spec);
    Model other = Model.create(spec);
    one.putJson("", spec).is(200);
    assertThat(one.get("/optimizer").json().path("modules").path(0).path(1))
        .isEqualTo(Reply.json("{\"safe_mode\": true, \"seed\": null, \"std\": 1.0}"));
    assertThat(one.json().toString()).doesNotContain("secret");
    byte[] zeros = new byte[4000];
    one.putOctets(Model.update(0, "solo"), zeros).is(201);
    one.awaitVersion(1);
    other.putOctets(Model.update(0, "solo"), zeros).is(201);
    other.awaitVersion(1);
    assertThat(one.weights()).isNotEqualTo(zeros).isNotEqualTo(other.weights());
    assertThat(one.get("/optimizer/state").text())
        .isEqualTo("{\"modules\": [[\"gaussian-noise\", {}]]}");
  }

  @Test
  void putState_ofAnotherType_isUnsupported() {
    Model model = Model.create(SPEC);
    String path = model.path("/optimizer/state");
    model.http().put(path, INITIAL).problem(415, "unsupported-format");
    model.http().put(path, INITIAL, "Content-Type: text/plain").problem(415, "unsupported-format");
    model
        .http()
        .put(path, INITIAL, JSON, "Content-Encoding: br")
        .problem(415, "unsupported-format");
  }
}
