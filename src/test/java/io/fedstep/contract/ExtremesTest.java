package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Numbers, names and texts at the ends of what a client may send. */
class ExtremesTest {
  private static Model create(String more) {
    return Model.create("{'tensors': {'w': [2]}, %s}".formatted(more).replace('\'', '"'));
  }

  private static JsonNode record(Model model, long round) {
    model.awaitVersion(round + 1);
    return model.get("/rounds/" + round).is(200).json();
  }

  private static double[] values(Model model) {
    JsonNode array = model.get("/weights", "Accept: application/json").is(200).json();
    return array.path("weights").path("w").valueStream().mapToDouble(JsonNode::asDouble).toArray();
  }

  @Test
  void meansOfLargeMetrics_areFinite() {
    Model model = create("'round': {'min_updates': 2}");
    model.submit(
        0,
        "a",
        "{\"gradient\": [0, 0], \"weight\": 9007199254740992, \"metrics\": {\"loss\": 1.7e308}}");
    model.submit(0, "b", "{\"gradient\": [0, 0], \"weight\": 1, \"metrics\": {\"loss\": 0.5}}");
    JsonNode loss = record(model, 0).path("metrics").path("loss");
    assertThat(loss.isNumber()).isTrue();
    assertThat(loss.asDouble()).isCloseTo(1.7e308, within(1e293));
    model
        .putJson("/versions/1/reports/a", "{\"weight\": 3, \"metrics\": {\"loss\": -1.7e308}}")
        .is(201);
    JsonNode version = model.get("/versions").is(200).json().path("versions").path(0);
    assertThat(version.path("metrics").path("loss").asDouble()).isCloseTo(-1.7e308, within(1e293));
  }

  @ParameterizedTest
  @CsvSource({"1e200, 1", "3e-200, 1e-220", "1e-320, 1e-321", "1.2e308, 5e307"})
  void clippedUpdates_haveTheNormThatWasAsked(double value, double most) {
    Model model =
        create(
            "'dtype': 'float64', 'optimizer': {'lrate': 1, 'modules': []},"
                + " 'update_bound': {'max_norm': %s}".formatted(most));
    model.advance("[%s, 0]".formatted(-value));
    JsonNode round = record(model, 0);
    assertThat(round.path("clients").path(0).path("norm").asDouble()).isEqualTo(value);
    assertThat(values(model)[0]).isCloseTo(most, within(most * 1e-3));
    assertThat(round.path("gradient_norm").asDouble()).isEqualTo(values(model)[0]);
    assertThat(round.path("step_norm").asDouble()).isEqualTo(values(model)[0]);
  }

  @ParameterizedTest
  @CsvSource({
    "float32, l2-clipping, 3e30",
    "float32, l2-global-clipping, 3e30",
    "float64, l2-clipping, 3e300",
    "float64, l2-global-clipping, 3e300"
  })
  void clippingModules_takeNormsWhoseSquaresOverflow(String dtype, String module, double value) {
    Model model =
        create(
            "'dtype': '%s', 'optimizer': {'lrate': 1, 'modules': [['%s', {'max_norm': 2}]]}"
                .formatted(dtype, module));
    model.advance("[%s, %s]".formatted(-value, value / 3 * 4));
    assertThat(values(model)).containsExactly(new double[] {1.2, -1.6}, within(1e-6));
  }

  @ParameterizedTest
  @ValueSource(strings = {"__metadata__", "__type__", "half \\ud800", "half \\udc00"})
  void tensorNamesThatNoFormatCarries_areBadSpecs(String name) {
    Model.unborn()
        .putJson("", "{\"tensors\": {\"%s\": [2]}}".formatted(name))
        .problem(422, "bad-spec");
  }

  @Test
  void emptyTensors_travelInEveryFormat() {
    String spec =
        "{\"tensors\": {\"a\": [0], \"w\": [2], \"b\": [2, 0, 3], \"c\": [0, 4]},"
            + " \"optimizer\": {\"lrate\": 1, \"modules\": [\"l2-clipping\", \"rmsprop\"]}}";
    Model model = Model.create(spec);
    String nested = "{\"a\": [], \"w\": [3.0, 4.0], \"b\": [[], []], \"c\": []}";
    model.putJson("/weights", "{\"weights\": %s}".formatted(nested)).is(200);
    assertThat(model.get("/weights", "Accept: application/json").json().path("weights"))
        .isEqualTo(Reply.json(nested));
    for (String form : new String[] {"x-safetensors", "x-npy", "octet-stream"}) {
      byte[] body = model.get("/weights", "Accept: application/" + form).is(200).body();
      Model copy = Model.create(spec);
      copy.http().put(copy.path("/weights"), body, "Content-Type: application/" + form).is(200);
      assertThat(copy.weights()).isEqualTo(model.weights());
    }
    model.submit(0, "a", "{\"gradient\": %s}".formatted(nested)).is(201);
    model.awaitVersion(1);
    String state = model.get("/optimizer/state").is(200).text();
    assertThat(state)
        .contains("\"b\": {\"__type__\": \"np.ndarray\", \"dump\": [\"\", \"f\", [2, 0, 3]]}");
    model.putJson("/optimizer/state", state).is(201);
    assertThat(model.get("/optimizer/state").is(200).text()).isEqualTo(state);
  }

  @Test
  void emptyTensorsOfManyArrays_andModelsWithoutValues_areBadSpecs() {
    for (String shape : new String[] {"[0]", "[2, 0]", "[1000000, 0]"}) {
      Model.unborn()
          .putJson("", "{\"tensors\": {\"w\": %s}}".formatted(shape))
          .problem(422, "bad-spec");
    }
    Model.unborn()
        .putJson("", "{\"tensors\": {\"w\": [1], \"b\": [1000000, 0]}}")
        .problem(422, "bad-spec");
  }

  @Test
  void wholeNumbers_stayExact_orAreRefused() {
    String round = "{\"rounds\": %s}";
    Model model = create("'round': {'rounds': 4611686018427387903}");
    assertThat(model.json("round").path("rounds").asLong()).isEqualTo(4611686018427387903L);
    model.putJson("/round", round.formatted("4611686018427387905")).problem(422, "bad-spec");
    model.putJson("/round", round.formatted("1e16")).problem(422, "bad-spec");
    model.putJson("/round", round.formatted("1e3")).is(200);
    assertThat(model.json("round").path("rounds").asLong()).isEqualTo(1000);
  }

  @Test
  void timeouts_haveAtLeastAMillisecond() {
    Model model = create("'round': {'timeout': '1d'}");
    String round = "{\"timeout\": \"%s\"}";
    model.putJson("/round", round.formatted("0.0000001ms")).problem(422, "bad-spec");
    model.putJson("/round", round.formatted("2h")).is(200);
    assertThat(model.json("round").path("timeout").asString()).isEqualTo("7200s");
  }

  @Test
  void textsOfOthers_areCutInProblems() {
    String text = "x".repeat(100_000) + "'\\\"";
    Model model = create("'round': {'min_updates': 2}");
    for (Reply reply :
        new Reply[] {
          Model.unborn().putJson("", "{\"tensors\": {\"w\": [1]}, \"%s\": 1}".formatted(text)),
          Model.unborn().putJson("", "{\"tensors\": {\"%s\": [1]}}".formatted(text)),
          Model.unborn()
              .putJson("", "{\"tensors\": {\"w\": [1]}, \"dtype\": \"%s\"}".formatted(text)),
          Model.unborn()
              .putJson("", "{\"tensors\": {\"w\": [1]}, \"aggregator\": \"%s\"}".formatted(text)),
          model.submit(0, "a", "{\"gradient\": {\"%s\": [1, 2]}}".formatted(text)),
          model.submit(0, "a", "{\"gradient\": [1, 2], \"%s\": 1}".formatted(text)),
          model.submit(0, "a", "{\"gradient\": [1, 2], \"base\": \"%s\"}".formatted(text)),
          model.submit(0, "a", "{\"gradient\": {\"__type__\": \"%s\"}}".formatted(text)),
          model.submit(0, "a", "{\"gradient\": [1, 2], \"metrics\": {\"%s\": 1}}".formatted(text)),
          model.putJson("/optimizer/state", "{\"%s\": 1}".formatted(text)),
          model.get("?" + "y".repeat(5_000) + "=1"),
          model.get("/rounds/" + "7".repeat(5_000)),
        }) {
      reply.problem();
      assertThat(reply.body().length).as("%s", reply).isLessThan(1_000);
    }
  }

  @Test
  void oneSlashAtTheEnd_isDropped_butBeforeAnId() {
    Model model = create("'round': {'min_updates': 2}");
    assertThat(model.get("/").is(200).json()).isEqualTo(model.json());
    assertThat(model.get("/weights/").is(200).body()).isEqualTo(model.weights());
    model.get("//").problem();
    String update = "{\"gradient\": [1, 2]}";
    model.putJson("/rounds/0/updates/a/", update).is(201);
    model.get("/rounds/0/updates/").is(200);
    for (String path : new String[] {"/rounds/0/updates/", "/versions/0/reports/"}) {
      assertThat(model.putJson(path, update).problem(404, "not-found").path("detail").asString())
          .contains("id is missing");
    }
    model.putJson("/rounds/0/updates", update).problem();
  }

  /** At every address that the API's document has. */
  @Test
  void parametersThatAreNotKnown_areMalformed() {
    Model model = create("'round': {'min_updates': 2}");
    model.putJson("/rounds/0/updates/1", "{\"gradient\": [1, 2]}").is(201);
    JsonNode paths = model.http().get("/v3/api-docs").is(200).json().path("paths");
    for (String path : paths.propertyNames()) {
      if (path.startsWith("/v1/") && paths.path(path).has("get")) {
        String filled = path.replace("{model}", model.name()).replaceAll("[{]version[}]", "0");
        Reply reply = model.http().get(filled.replaceAll("[{][a-z]+[}]", "1") + "?wiat=1s");
        assertThat(reply.problem(400, "malformed").path("detail").asString())
            .as(path)
            .contains("'wiat'");
      }
    }
    model.putJson("?x=1", "{}").problem(400, "malformed");
    model.post("/stop?x=1").problem(400, "malformed");
    model.putJson("/weights?x=1", "{\"weights\": [1, 2]}").problem(400, "malformed");
    model.http().delete(model.path("?x=1")).problem(400, "malformed");
  }
}
