package io.fedstep.contract;

import static io.fedstep.contract.Http.JSON;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What a model can be: defaults, equality, and what is refused. */
class SpecsTest {
  private static final String DIGITS =
      """
      {"tensors": {"coef": [10, 64], "intercept": [10]},
       "optimizer": {"lrate": 0.05, "modules": ["rmsprop"]}}\
      """;

  @Test
  void create_ofTensorsAlone_fillsInTheDefaults() {
    Model model = Model.create("{\"tensors\": {\"w\": [3], \"b\": []}}");
    JsonNode spec = model.json();
    assertThat(spec.path("tensors")).isEqualTo(Reply.json("{\"w\": [3], \"b\": []}"));
    assertThat(spec.path("dtype").asString()).isEqualTo("float32");
    assertThat(spec.path("optimizer"))
        .isEqualTo(
            Reply.json(
                """
                {"lrate": 0.01, "w_decay": 0.0, "regularizers": [],
                 "modules": [["rmsprop", {"beta": 0.9, "eps": 1e-07}]]}\
                """));
    assertThat(spec.path("aggregator"))
        .isEqualTo(Reply.json("[\"averaging\", {\"steps_weighted\": true}]"));
    assertThat(spec.path("round").path("min_updates").asInt()).isEqualTo(1);
    assertThat(spec.path("round").path("max_updates").asInt()).isEqualTo(1);
    assertThat(spec.path("round").path("timeout").isNull()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"min_updates": 3} | 3 | 3
          {"max_updates": 3} | 1 | 3
          {}                 | 1 | 1
          """)
  void create_withPartOfARoundPolicy_fillsInTheRest(String round, int min, int max) {
    Model model = Model.create("{\"tensors\": {\"w\": [3]}, \"round\": %s}".formatted(round));
    assertThat(model.json("round").path("min_updates").asInt()).isEqualTo(min);
    assertThat(model.json("round").path("max_updates").asInt()).isEqualTo(max);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"lrate": 0.01, "modules": ["rmsprop"]}       | as it is
          {"lrate": 0.01, "modules": [["rmsprop", {}]]} | the name with an empty config
          {"modules": [["rmsprop", {"eps": 1e-7, "beta": 0.9}]], "regularizers": [], \
          "w_decay": 0, "lrate": 1e-2}                  | the whole config in another order
          """)
  void create_ofAnEqualSpec_is200(String optimizer, String what) {
    Model model = Model.create("{\"tensors\": {\"w\": [3], \"b\": []}}");
    String equal =
        """
        {"round": {"timeout": null, "max_updates": 1, "min_updates": 1},
         "aggregator": "averaging", "dtype": "float32", "optimizer": %s,
         "tensors": {"w": [3], "b": []}}\
        """
            .formatted(optimizer);
    model.putJson("", equal).is(200);
    assertThat(model.json("version").asLong()).as(what).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        """
        {"tensors": {"w": [3], "b": []}, "dtype": "float64"}\
        """,
        """
        {"tensors": {"b": [], "w": [3]}}\
        """,
        """
        {"tensors": {"w": [3, 1], "b": []}}\
        """,
        """
        {"tensors": {"w": [3], "b": []}, "optimizer": {"lrate": 0.1, "modules": ["rmsprop"]}}\
        """,
        """
        {"tensors": {"w": [3], "b": []}, "aggregator": ["averaging", {"steps_weighted": false}]}\
        """,
        """
        {"tensors": {"w": [3], "b": []}, "round": {"min_updates": 2}}\
        """
      })
  void create_ofAnotherSpecUnderTheName_is409(String other) {
    Model model = Model.create("{\"tensors\": {\"w\": [3], \"b\": []}}");
    model.putJson("", other).problem(409, "model-exists");
  }

  @Test
  void model_thatExists_namesTheKeysThatDiffer() {
    Model model = Model.create("{\"tensors\": {\"w\": [3], \"b\": []}}");
    JsonNode problem =
        model
            .putJson(
                "",
                """
                {"tensors": {"b": [], "w": [3]}, "dtype": "float64", "aggregator": "median",
                 "optimizer": {"lrate": 0.1, "modules": ["adam"]},
                 "update_bound": {"max_norm": 3}, "round": {"timeout": "30s"}}\
                """)
            .problem(409, "model-exists");
    assertThat(problem.path("differs").valueStream().map(JsonNode::asString))
        .containsExactly(
            "tensors",
            "dtype",
            "optimizer.lrate",
            "optimizer.modules",
            "aggregator",
            "round.timeout",
            "update_bound");
    assertThat(problem.path("detail").asString()).contains("round.timeout");
    model.putJson("/round", "{\"min_updates\": 2}").is(200);
    problem =
        model.putJson("", "{\"tensors\": {\"w\": [3], \"b\": []}}").problem(409, "model-exists");
    assertThat(problem.path("differs").valueStream().map(JsonNode::asString))
        .containsExactly("round.min_updates", "round.max_updates");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'dtype': 'float32'}",
        "{'tensors': {}}",
        "{'tensors': {'w': [0]}}",
        "{'tensors': {'w': [2]}, 'optimizer': {'lrate': 1, 'modules': [['rmsprop', {'bias_correction': false}]]}}",
        "{'tensors': {'w': [2, -1]}}",
        "{'tensors': {'': [3]}}",
        "{'tensors': {'v': [1], 'w': {'step': 'plain'}}}",
        "{'tensors': {'v': [1], 'w': {'shape': [3], 'step': 'mean'}}}",
        "{'tensors': {'v': [1], 'w': {'shape': [3], 'steps': 'plain'}}}",
        "{'tensors': {'w': {'shape': [3], 'step': 'plain'}}}",
        "{'tensors': {'v': [0], 'w': {'shape': [3], 'step': 'plain'}}}",
        "{'tensors': {'w': [3]}, 'dtype': 'float16'}",
        "{'tensors': {'w': [3]}, 'dtype': 'int32'}",
        // unknown names and keys
        "{'tensors': {'w': [3]}, 'optimiser': {'lrate': 0.1}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 0.1, 'momentum': 0.9}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 0.1, 'modules': ['rmsprob']}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['rmsprop', {'b': 1}]]}}",
        "{'tensors': {'w': [3]}, 'aggregator': 'mean'}",
        "{'tensors': {'w': [3]}, 'aggregator': ['averaging', {'weighted': true}]}",
        "{'tensors': {'w': [3]}, 'round': {'min_update': 1}}",
        // hyper-parameters
        "{'tensors': {'w': [3]}, 'optimizer': {'modules': ['rmsprop']}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 0, 'modules': []}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': -0.1, 'modules': []}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1e999, 'modules': []}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'w_decay': -0.1, 'modules': []}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['rmsprop', {'beta': 1}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['rmsprop', {'beta': -1}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['rmsprop', {'eps': 0}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['rmsprop', {'eps': -1}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['adam', {'beta_1': 1}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['adam', {'beta': 0.9}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['yogi', {'eps': 0}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['ewma', {'beta': 1}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1,"
            + " 'modules': [['l2-clipping', {'max_norm': 0}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1,"
            + " 'modules': [['gaussian-noise', {'std': -1}]]}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'regularizers': ['fedprox']}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'regularizers': ['adam']}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1,"
            + " 'regularizers': [['ridge', {'alpha': -1}]]}}",
        // round policies
        "{'tensors': {'w': [3]}, 'round': {'min_updates': 0}}",
        "{'tensors': {'w': [3]}, 'round': {'min_updates': 3, 'max_updates': 2}}",
        "{'tensors': {'w': [3]}, 'round': {'timeout': '30'}}",
        "{'tensors': {'w': [3]}, 'round': {'timeout': '30 hours'}}",
        "{'tensors': {'w': [3]}, 'round': {'timeout': '0s'}}",
        "{'tensors': {'w': [3]}, 'round': {'timeout': '-1s'}}",
        "{'tensors': {'w': [3]}, 'round': {'rounds': -1}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': ['schedule', {}], 'modules': []}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'w_decay': ['schedule', {}]}}",
        "{'tensors': {'w': [3]}, 'round': {'mode': 'buffered', 'max_staleness': -1}}",
        "{'tensors': {'w': [3]}, 'round': {'participation': 0}}"
      })
  void create_ofWhatCannotBe_isABadSpec(String spec) {
    Model model = Model.unborn();
    model.putJson("", spec.replace('\'', '"')).problem(422, "bad-spec");
    model.get("").problem(404, "model-not-found");
  }

  /** Neither code would surprise: what has the wrong JSON type is no spec, and cannot be one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "null",
        "3",
        "{'tensors': [3]}",
        "{'tensors': {'w': 3}}",
        "{'tensors': {'w': null}}",
        "{'tensors': {'w': {'shape': 3}}}",
        "{'tensors': {'w': {'shape': {'shape': [3]}}}}",
        "{'tensors': {'v': [1], 'w': {'shape': [3], 'step': true}}}",
        "{'tensors': {'v': [1], 'w': {'shape': [3], 'step': null}}}",
        "{'tensors': {'w': ['3']}}",
        "{'tensors': {'w': [2.5]}}",
        "{'tensors': {'w': [3], 'w': [4]}}",
        "{'tensors': {'w': [3]}, 'dtype': 32}",
        "{'tensors': {'w': [3]}, 'optimizer': 'rmsprop'}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 'high', 'modules': []}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': NaN, 'modules': []}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': 'rmsprop'}}",
        "{'tensors': {'w': [3]}, 'optimizer': {'lrate': 1, 'modules': [['rmsprop']]}}",
        "{'tensors': {'w': [3]}, 'aggregator': {'averaging': {}}}",
        "{'tensors': {'w': [3]}, 'aggregator': ['averaging', {'steps_weighted': 1}]}",
        "{'tensors': {'w': [3]}, 'round': {'min_updates': '1'}}",
        "{'tensors': {'w': [3]}, 'round': {'min_updates': 1.5}}",
        "{'tensors': {'w': [3]}, 'round': {'timeout': 30}}"
      })
  void create_ofWrongTypes_isRefused(String spec) {
    Model model = Model.unborn();
    JsonNode problem = model.putJson("", spec.replace('\'', '"')).problem();
    assertThat(problem.path("code").asString()).isIn("bad-spec", "malformed");
    model.get("").problem(404, "model-not-found");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "spec", "{\"tensors\": {\"w\": [3]}", "{\"tensors\": {\"w\": [3]}} x"})
  void create_ofWhatIsNoJson_isMalformed(String body) {
    Model.unborn().putJson("", body).problem(400, "malformed");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"[1000000001]", "[40000, 40000]", "[3000000000]", "[4294967296, 4294967296]"})
  void create_ofTooManyParameters_isTooLarge(String shape) {
    Model.unborn()
        .putJson("", "{\"tensors\": {\"w\": %s}}".formatted(shape))
        .problem(413, "too-large");
  }

  @Test
  void create_ofTensorNamesUpTo200Characters_works() {
    String spec = "{\"tensors\": {\"%s\": [1]}}";
    Model.create(spec.formatted("n".repeat(200)));
    Model.unborn().putJson("", spec.formatted("n".repeat(201))).problem(422, "bad-spec");
  }

  @Test
  void create_withoutAJsonContentType_isUnsupported() {
    Model model = Model.unborn();
    model.http().put(model.path(""), DIGITS).problem(415, "unsupported-format");
    model
        .http()
        .put(model.path(""), DIGITS, "Content-Type: text/yaml")
        .problem(415, "unsupported-format");
    model.http().put(model.path(""), DIGITS, JSON + "; charset=utf-8; v=1").is(201);
  }

  @ParameterizedTest
  @ValueSource(strings = {".hidden", "-m", "_m", "a%20b", "a$", "a~b", "%C3%A9"})
  void create_underABadName_isMalformed(String name) {
    new Model(Server.shared().http(), name).putJson("", DIGITS).problem(400, "malformed");
  }

  @Test
  void create_underNamesUpTo128Characters_works() {
    Http http = Server.shared().http();
    new Model(http, "Az.0_-" + "x".repeat(122)).putJson("", DIGITS).is(201);
    new Model(http, "Az.0_-" + "x".repeat(123)).putJson("", DIGITS).problem(400, "malformed");
  }
}
