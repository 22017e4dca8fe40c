package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Aggregators and the bound on updates, as a spec asks for them. */
class AggregatorsTest {
  private static String spec(String more) {
    return """
    {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []}, %s}\
    """
        .formatted(more.replace('\'', '"'));
  }

  private static void submit(Model model, long round, String client, String values) {
    model.submit(round, client, "{\"gradient\": %s, \"weight\": 2}".formatted(values)).is(201);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          'averaging'                 | {'steps_weighted': true}
          'gradient-masked-averaging' | {'threshold': 1.0, 'steps_weighted': true}
          'median'                    | {}
          'trimmed-mean'              | {'trim': 0.2}
          'krum'                      | {'byzantine': null}
          'multi-krum'                | {'byzantine': null, 'keep': null, 'steps_weighted': false}
          'bulyan'                    | {'byzantine': null}
          'geometric-median'          | {'iterations': 8, 'smoothing': 1e-06}
          """,
      quoteCharacter = '`')
  void name_isShownWithItsDefaults(String name, String defaults) {
    Model model = Model.create(spec("'aggregator': " + name));
    assertThat(model.json("aggregator"))
        .isEqualTo(Reply.json("[%s, %s]".formatted(name, defaults).replace('\'', '"')));
    model.putJson("", spec("'aggregator': [%s, %s]".formatted(name, defaults))).is(200);
    model.putJson("", spec("'aggregator': [%s, {}]".formatted(name))).is(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          'aggregator': 'mean'                                                    | aggregator
          'aggregator': ['median', {'trim': 0.1}]                                 | trim
          'aggregator': ['trimmed-mean', {'trim': 0.5}]                           | trim
          'aggregator': ['trimmed-mean', {'trim': -0.1}]                          | trim
          'aggregator': ['gradient-masked-averaging', {'threshold': 1.1}]         | threshold
          'aggregator': ['krum', {'byzantine': -1}]                               | byzantine
          'aggregator': ['krum', {'byzantine': 0.5}]                              | byzantine
          'aggregator': ['geometric-median', {'iterations': 0}]                   | iterations
          'aggregator': ['geometric-median', {'smoothing': 0}]                    | smoothing
          'aggregator': ['krum', {'byzantine': 0}]                                | min_updates
          'aggregator': ['krum', {'byzantine': 2}], 'round': {'min_updates': 6}   | min_updates
          'aggregator': ['bulyan', {'byzantine': 1}], 'round': {'min_updates': 6} | min_updates
          'aggregator': 'multi-krum', 'round': {'max_updates': 1025}              | max_updates
          'aggregator': ['multi-krum', {'keep': 0}]                               | keep
          'aggregator': ['multi-krum', {'keep': 2}]                               | min_updates
          'update_bound': {}                                                      | max_norm
          'update_bound': {'max_norm': 0}                                         | max_norm
          'update_bound': {'max_norm': 1e999}                                     | max_norm
          'update_bound': {'max_norm': 1, 'action': 'drop'}                       | action
          'update_bound': {'max_weight': 0}                                       | max_weight
          'update_bound': {'max_weight': 9007199254740993.5e1}                    | max_weight
          'update_bound': {'action': 'clip'}                                      | max_weight
          'update_bound': {'max_norm': 1, 'norm': 2}                              | norm
          """)
  void whatCannotBe_isABadSpec_thatNamesThePlace(String more, String place) {
    Model model = Model.unborn();
    JsonNode problem = model.putJson("", spec(more)).problem(422, "bad-spec");
    assertThat(problem.path("detail").asString()).contains(place);
    model.get("").problem(404, "model-not-found");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'aggregator': ['krum', {'byzantine': 'two'}]",
        "'aggregator': ['trimmed-mean', {'trim': '0.1'}]",
        "'update_bound': 10",
        "'update_bound': {'max_weight': null}",
        "'update_bound': {'max_norm': 1, 'action': 2}"
      })
  void wrongTypes_areMalformed(String more) {
    Model.unborn().putJson("", spec(more)).problem(400, "malformed");
  }

  @Test
  void roundPolicy_isCheckedAgainstTheAggregator() {
    Model model =
        Model.create(spec("'aggregator': ['krum', {'byzantine': 1}], 'round': {'min_updates': 5}"));
    JsonNode problem =
        model
            .putJson("/round", "{\"min_updates\": 4, \"max_updates\": 9}")
            .problem(422, "bad-spec");
    assertThat(problem.path("detail").asString()).contains("round").contains("min_updates");
    assertThat(model.json("round").path("min_updates").asInt()).isEqualTo(5);
    model.putJson("/round", "{\"min_updates\": 6}").is(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          'median'                                      | [0.0, 2.0, 2.0]
          ['trimmed-mean', {'trim': 0.25}]              | [0.0, 2.33333, 2.0]
          'krum'                                        | [0.0, 2.0, 2.0]
          ['multi-krum', {'byzantine': 1}]              | [0.0, 2.0, 2.0]
          ['multi-krum', {'byzantine': 1, 'keep': 1}]   | [0.0, 2.0, 2.0]
          ['averaging', {'steps_weighted': true}]       | [-180.0, 221.2, 1.6]
          """)
  void round_isAggregatedByTheRule(String rule, String gradient) {
    Model model =
        Model.create(spec("'aggregator': %s, 'round': {'min_updates': 5}".formatted(rule)));
    submit(model, 0, "a", "[0, 1, 2]");
    submit(model, 0, "b", "[0, 2, 2]");
    submit(model, 0, "c", "[0, 3, 2]");
    submit(model, 0, "d", "[0, 2, 2]");
    submit(model, 0, "e", "[-900, 1098, 0]");
    model.awaitVersion(1);
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("outcome").asString()).isEqualTo("completed");
    assertThat(record.path("aggregator")).isEqualTo(model.json("aggregator"));
    assertThat(record.path("total_weight").asDouble()).isEqualTo(10);
    double[] expected = Vectors.values(Reply.json(gradient));
    byte[] made = model.get("/versions/1/gradient").is(200).body();
    double[] values = Vectors.values(made, "float32");
    for (int i = 0; i < expected.length; i++) {
      assertThat(values[i]).isCloseTo(expected[i], within(1e-4));
    }
  }

  // --- the bound

  @Test
  void bound_isShownAndPartOfTheSpec() {
    Model model = Model.create(spec("'update_bound': {'max_norm': 10}"));
    assertThat(model.json("update_bound"))
        .isEqualTo(Reply.json("{\"max_norm\": 10.0, \"action\": \"clip\"}"));
    model.putJson("", spec("'update_bound': {'action': 'clip', 'max_norm': 10.0}")).is(200);
    model.putJson("", spec("'update_bound': null")).problem(409, "model-exists");
    model
        .putJson("", spec("'update_bound': {'action': 'refuse', 'max_norm': 10.0}"))
        .problem(409, "model-exists");
  }

  @Test
  void longUpdate_isRefused() {
    Model model =
        Model.create(
            spec(
                "'update_bound': {'max_norm': 5, 'action': 'refuse'}, 'round': {'min_updates': 2}"));
    JsonNode problem =
        model.submit(0, "a", "{\"gradient\": [3, -4, 0.01]}").problem(422, "norm-exceeded");
    assertThat(problem.path("expected").asDouble()).isEqualTo(5);
    assertThat(problem.path("actual").asDouble()).isCloseTo(5.00001, within(1e-6));
    assertThat(model.current().path("updates").asInt()).isZero();
    submit(model, 0, "a", "[3, -4, 0]");
    model.submit(0, "a", "{\"gradient\": [30, -4, 0]}").problem(409, "update-differs");
  }

  @Test
  void longUpdate_isClippedAsItIsAggregated_andRecordedAsItCame() {
    Model model =
        Model.create(spec("'update_bound': {'max_norm': 5}, 'round': {'min_updates': 2}"));
    submit(model, 0, "a", "[30, -40, 0]");
    submit(model, 0, "b", "[1, 0, 2]");
    model.awaitVersion(1);
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("clients").path(0).path("norm").asDouble()).isEqualTo(50);
    assertThat(record.path("update_bound")).isEqualTo(model.json("update_bound"));
    assertThat(Vectors.values(model.get("/versions/1/gradient").is(200).body(), "float32"))
        .containsExactly(2, -2, 1);
  }
}
