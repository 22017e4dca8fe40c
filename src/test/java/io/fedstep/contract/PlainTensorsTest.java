package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.bytes;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.packed;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.ThinGoldens;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Tensors that are only averaged, over HTTP. */
class PlainTensorsTest {
  private static final String MODULES =
      """
      {"tensors": {"w": [2], "mean": {"shape": [2], "step": "plain"}, "b": []},
       "optimizer": {"lrate": 0.5, "modules": ["momentum"]}}\
      """;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void rounds_areTheReferences_toTheBit(int index) {
    JsonNode golden = ThinGoldens.json("plain").get(index);
    Model model = Model.create(golden.required("spec").toString());
    assertThat(state(model)).isEqualTo(golden.required("initial_state").stringValue());
    model.putOctets("/weights", bytes(golden.required("weights").stringValue())).is(200);
    for (JsonNode round : golden.required("rounds")) {
      long number = model.json("version").longValue();
      for (var one : round.required("updates").properties()) {
        String query = "?weight=" + one.getValue().required("weight");
        byte[] row = bytes(one.getValue().required("row").stringValue());
        model.putOctets(update(number, one.getKey()) + query, row).is(201);
      }
      model.awaitVersion(number + 1);
      assertThat(model.get("/versions/" + (number + 1) + "/gradient").is(200).body())
          .isEqualTo(bytes(round.required("gradient").stringValue()));
      assertThat(model.weights()).isEqualTo(bytes(round.required("weights").stringValue()));
      String state = round.required("state").stringValue();
      assertThat(state(model)).isEqualTo(state);
      model.putJson("/optimizer/state", state).is(201);
      assertThat(state(model)).isEqualTo(state);
    }
  }

  private static String state(Model model) {
    return model.get("/optimizer/state").is(200).text();
  }

  @Test
  void model_showsHowEachTensorSteps() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": {"step": "optimizer", "shape": [2, 1]}, "v": {"shape": []},
                         "mean": {"step": "plain", "shape": [2]}, "u": [3]}}\
            """);
    JsonNode json = model.json();
    assertThat(json.path("tensors"))
        .isEqualTo(
            Reply.json(
                """
                {"w": [2, 1], "v": [], "mean": {"shape": [2], "step": "plain"}, "u": [3]}\
                """));
    assertThat(json.path("layout"))
        .isEqualTo(
            Reply.json(
                """
                [{"name": "w", "shape": [2, 1], "offset": 0, "step": "optimizer"},
                 {"name": "v", "shape": [], "offset": 2, "step": "optimizer"},
                 {"name": "mean", "shape": [2], "offset": 3, "step": "plain"},
                 {"name": "u", "shape": [3], "offset": 5, "step": "optimizer"}]\
                """));
    model.putJson("", "{\"tensors\": %s}".formatted(json.path("tensors"))).is(200);
    JsonNode problem =
        model
            .putJson("", "{\"tensors\": {\"w\": [2, 1], \"v\": [], \"mean\": [2], \"u\": [3]}}")
            .problem(409, "model-exists");
    assertThat(problem.path("differs")).isEqualTo(Reply.json("[\"tensors\"]"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'round': {'mode': 'buffered'}|round.mode",
        "'aggregator': ['averaging', {'steps_weighted': false}],"
            + " 'privacy': {'clip_norm': 1, 'noise_multiplier': 1, 'delta': 1e-5}|privacy"
      })
  void whatNeedsEqualBeginnings_isRefused(String rest, String key) {
    JsonNode problem =
        Model.unborn()
            .putJson(
                "",
                "{'tensors': {'w': [2], 'mean': {'shape': [2], 'step': 'plain'}}, %s}"
                    .formatted(rest)
                    .replace('\'', '"'))
            .problem(422, "bad-spec");
    assertThat(problem.path("detail").stringValue()).contains("tensors", key);
  }

  @Test
  void roundPolicy_staysSynchronous() {
    Model model = Model.create(MODULES);
    JsonNode problem = model.putJson("/round", "{\"mode\": \"buffered\"}").problem(422, "bad-spec");
    assertThat(problem.path("detail").stringValue()).contains("tensors", "round.mode");
  }

  @Test
  void stateOfAPlainTensor_isRefused() {
    Model model = Model.create(MODULES);
    JsonNode problem =
        model
            .putJson(
                "/optimizer/state",
                """
                {"modules": [["momentum", {"velocity": {"__type__": "NumpyVector", "dump":
                  {"w": W, "mean": W, "b": B}}}]]}\
                """
                    .replace("W", packed(f4(1, 2), "f", "[2]"))
                    .replace("B", packed(f4(3), "f", "[]")))
            .problem(422, "bad-state");
    assertThat(problem.path("tensor").stringValue()).isEqualTo("mean");
    assertThat(problem.path("detail").stringValue()).contains("plain");
  }

  @Test
  void norms_areOfEverything() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [1], "mean": {"shape": [1], "step": "plain"}},
             "optimizer": {"lrate": 0.5, "modules": [["l2-global-clipping", {"max_norm": 2}]]}}\
            """);
    model.advance("[3, 4]");
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("clients").path(0).path("norm").doubleValue()).isEqualTo(5);
    assertThat(record.path("gradient_norm").doubleValue()).isEqualTo(5);
    assertThat(record.path("step_norm").doubleValue()).isEqualTo(Math.sqrt(17));
    assertThat(model.weights()).isEqualTo(f4(-1, -4));
  }

  @Test
  @OneMachine("several machines make no copies")
  void copies_stepAsTheirModelsDid() {
    Model source = Model.create(MODULES);
    source.advance("[1, 2, 3, 4, 5]");
    String from = "{\"from\": {\"model\": \"%s\"}%s}";
    Model copy = Model.unborn();
    copy.putJson("", from.formatted(source.name(), "")).is(201);
    assertThat(copy.json("layout")).isEqualTo(source.json("layout"));
    source.advance("[1, 0, 3, 0, 5]");
    copy.advance("[1, 0, 3, 0, 5]");
    assertThat(copy.weights())
        .isEqualTo(source.weights())
        .isEqualTo(f4(-1.45, -1.9, -6, -4, -7.25));
    assertThat(state(copy)).isEqualTo(state(source));
    String others = ", \"tensors\": {\"w\": [2], \"mean\": [2], \"b\": []}";
    Model.unborn().putJson("", from.formatted(source.name(), others)).problem(422, "bad-spec");
    String buffered = ", \"round\": {\"mode\": \"buffered\"}";
    Model.unborn().putJson("", from.formatted(source.name(), buffered)).problem(422, "bad-spec");
  }
}
