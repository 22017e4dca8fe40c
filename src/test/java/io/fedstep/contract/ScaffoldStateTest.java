package io.fedstep.contract;

import static io.fedstep.contract.ScaffoldTest.model;
import static io.fedstep.contract.ScaffoldTest.run;
import static io.fedstep.contract.ScaffoldTest.spec;
import static io.fedstep.contract.ScaffoldTest.submit;
import static io.fedstep.contract.Vectors.f4;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The state of {@code scaffold-server}, and of which rounds the controls in it are. */
@OneMachine("several machines refuse scaffold-server")
class ScaffoldStateTest {
  private static final String ROUND = "Fedstep-Control-Round";
  private static final String EMPTY =
      "{\"modules\": [[\"scaffold-server\", {\"s_state\": 0.0, \"clients\": []}]]}";

  private static String state(String entries) {
    return "{\"modules\": [[\"scaffold-server\", {%s}]]}".formatted(entries);
  }

  private static final String SUM =
      """
      {"__type__": "NumpyVector", "dump":
       {"w": {"__type__": "np.ndarray", "dump": ["0000803f000000c0", "f", [2]]}}}\
      """;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"s_state\": SUM, \"clients\": []",
        "\"s_state\": 0.0, \"clients\": [\"alice\"]",
        "\"s_state\": SUM, \"clients\": [\"alice\", \"alice\"]",
        "\"s_state\": SUM, \"clients\": [\"alice\", \"-\"]",
        "\"s_state\": SUM, \"clients\": [\"alice smith\"]",
        "\"s_state\": SUM, \"clients\": [\"\"]",
        "\"s_state\": SUM",
        "\"clients\": []",
        "\"s_state\": SUM, \"clients\": [\"alice\"], \"n\": 1",
        "\"s_state\": 1.0, \"clients\": [\"alice\"]",
        "\"s_state\": null, \"clients\": []",
      })
  void stateThatIsNone_isRefused(String entries) {
    model()
        .putJson("/optimizer/state", state(entries.replace("SUM", SUM)))
        .problem(422, "bad-state");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"s_state\": SUM, \"clients\": \"alice\"",
        "\"s_state\": SUM, \"clients\": [1]",
        "\"s_state\": SUM, \"clients\": null",
        "\"s_state\": SUM, \"clients\": {}",
      })
  void stateOfAnotherForm_isMalformed(String entries) {
    model()
        .putJson("/optimizer/state", state(entries.replace("SUM", SUM)))
        .problem(400, "malformed");
  }

  @Test
  void initialState_resets() {
    Model model = model();
    run(model, 0, "alice", "?local_rate=1");
    model.putJson("/optimizer/state", EMPTY).is(201);
    assertThat(model.get("/control?client=alice").header(ROUND)).isEmpty();
    assertThat(model.get("/control").body()).isEqualTo(f4(0, 0));
    run(model, 2, "alice", "?local_rate=1");
  }

  @Test
  void setStateAndRestore_sayOfWhichRoundControlsAre() {
    Model model = model();
    run(model, 0, "alice", "?local_rate=1");
    run(model, 1, "bob", "?local_rate=1");
    String state = model.get("/optimizer/state").text();
    run(model, 2, "alice", "?local_rate=1&control=0");
    model.putJson("/optimizer/state", state).is(201); // discards round 3
    assertThat(model.get("/control?client=alice").header(ROUND)).isEqualTo("3");
    assertThat(model.get("/control?client=bob").header(ROUND)).isEqualTo("3");
    submit(model, 4, "alice", "?local_rate=1&control=2", 1, 1).problem(409, "control-differs");
    run(model, 4, "alice", "?local_rate=1&control=3");
    model.post("/versions/2/restore").is(201); // discards round 5
    assertThat(model.get("/control?client=alice").header(ROUND)).isEqualTo("0");
    assertThat(model.get("/control?client=bob").header(ROUND)).isEqualTo("1");
    assertThat(model.get("/optimizer/state").text()).isEqualTo(state);
    run(model, 6, "alice", "?local_rate=1&control=0");
    assertThat(model.get("/versions/5/control?client=alice").header(ROUND)).isEqualTo("4");
  }

  @Test
  void copy_hasTheControlsToo() {
    Model model = model();
    run(model, 0, "alice", "?local_rate=1");
    Model copy = Model.unborn();
    copy.putJson("", "{\"from\": {\"model\": \"%s\"}}".formatted(model.name())).is(201);
    assertThat(copy.get("/optimizer/state").text()).isEqualTo(model.get("/optimizer/state").text());
    assertThat(copy.get("/control?client=alice").header(ROUND)).isEqualTo("0");
    run(copy, 0, "alice", "?local_rate=1&control=0");
  }

  @Test
  void roundThatIsNotFinite_doesNotCount() {
    Model model = model();
    run(model, 0, "alice", "?local_rate=1");
    String state = model.get("/optimizer/state").text();
    submit(model, 1, "bob", "?local_rate=1e-12", 3e38, 0).is(201);
    model.awaitVersion(2);
    assertThat(model.get("/rounds/1").json().required("outcome").stringValue())
        .isEqualTo("not-finite");
    assertThat(model.get("/optimizer/state").text()).isEqualTo(state);
    assertThat(model.get("/control?client=bob").header(ROUND)).isEmpty();
    assertThat(model.get("/control?client=alice").header(ROUND)).isEqualTo("0");
  }

  @Test
  void lostControl_ofWhomNothingIsHeld_changesNothing() {
    Model model = model();
    run(model, 0, "alice", "?local_rate=1");
    run(model, 1, "bob", "?local_rate=1&control=lost");
    assertThat(model.get("/control?client=alice").header(ROUND)).isEqualTo("0");
    assertThat(model.get("/control?client=bob").header(ROUND)).isEqualTo("1");
    run(model, 2, "alice", "?local_rate=1&control=lost");
    assertThat(model.get("/control?client=bob").header(ROUND)).isEmpty();
    assertThat(model.get("/optimizer/state").text()).isEqualTo(EMPTY);
    run(model, 3, "bob", "?local_rate=1");
  }

  @Test
  void moreClients_areTooMany() {
    Model model = model();
    String clients =
        IntStream.range(0, 100_000)
            .mapToObj(i -> "\"c%s\"".formatted(i))
            .collect(joining(", ", "[", "]"));
    String many = state("\"s_state\": %s, \"clients\": %s".formatted(SUM, clients));
    model
        .putJson("/optimizer/state", many.replace("\"c0\"", "\"c0\", \"one-more\""))
        .problem(422, "bad-state");
    model.putJson("/optimizer/state", many).is(201);
    Reply refused = submit(model, 1, "alice", "?local_rate=1", 1, 1);
    refused.problem(429, "too-many-requests");
    assertThat(refused.header("Retry-After")).isNotEmpty();
    run(model, 1, "c7", "?local_rate=1&control=0");
    assertThat(model.get("/control?client=c7").header(ROUND)).isEqualTo("1");
    assertThat(model.get("/control?client=c8").header(ROUND)).isEqualTo("0");
  }

  /**
   * What declearn's own server keeps after each round loads in any order, and comes back sorted.
   */
  @ParameterizedTest
  @ValueSource(strings = {"f4", "f8"})
  void declearnsStates_load(String code) throws IOException {
    JsonNode golden;
    try (InputStream in =
        ScaffoldTest.class.getResourceAsStream("/golden/scaffold-server." + code + ".json")) {
      golden = Reply.json(new String(in.readAllBytes(), UTF_8));
    }
    Model model =
        Model.create(
            spec(", \"dtype\": \"%s\"".formatted(code.equals("f4") ? "float32" : "float64"))
                .replace("{\"w\": [2]}", golden.required("shapes").toString()));
    for (JsonNode round : golden.required("rounds").values()) {
      JsonNode state = round.required("state_clients_sorted");
      var clients = new ArrayList<>(state.required("clients").valueStream().toList());
      Collections.reverse(clients);
      String form = "{\"modules\": [[\"scaffold-server\", {%s}]]}";
      String sum = PythonJson.dumps(state.required("s_state"));
      String reversed = "\"clients\": %s, \"s_state\": %s".formatted(clients, sum);
      JsonNode made = model.putJson("/optimizer/state", form.formatted(reversed)).is(201).json();
      String sorted = PythonJson.dumps(state.required("clients"));
      assertThat(model.get("/optimizer/state").text())
          .isEqualTo(form.formatted("\"s_state\": %s, \"clients\": %s".formatted(sum, sorted)));
      // everybody's control is of the round that the state was put in the place of
      String first = clients.getFirst().stringValue();
      assertThat(model.get("/control?client=" + first).header(ROUND))
          .isEqualTo("" + (made.required("version").longValue() - 1));
    }
  }
}
