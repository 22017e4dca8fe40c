package io.fedstep.contract;

import static io.fedstep.contract.Http.ACCEPT_JSON;
import static io.fedstep.contract.Model.PLAIN;
import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What is kept of the past, and going back to it. */
class VersionsTest {
  @Test
  void versions_areListedNewestFirst() {
    Model model = Model.create(PLAIN);
    model.advance("[1, 2, 3]");
    model.post("/versions/0/restore").is(201);
    JsonNode versions = model.get("/versions").is(200).json().path("versions");
    assertThat(versions.values())
        .extracting(v -> v.path("version").asInt() + " " + v.path("made_by").asString())
        .containsExactly("2 restore", "1 round", "0 created");
  }

  @Test
  void version_isReadByNumber() {
    Model model = Model.create(PLAIN);
    model.advance("[1, 2, 3]");
    model.advance("[1, 1, 1]");
    Reply reply = model.get("/versions/1/weights").is(200);
    assertThat(reply.body()).isEqualTo(f4(-1, -2, -3));
    assertThat(reply.header("Fedstep-Version")).isEqualTo("1");
    JsonNode json = model.get("/versions/1/weights", ACCEPT_JSON).is(200).json();
    assertThat(json.path("version").asLong()).isEqualTo(1);
    assertThat(Vectors.values(json.path("weights").path("w"))).containsExactly(-1, -2, -3);
    assertThat(model.get("/versions/1/optimizer/state").is(200).text())
        .isEqualTo("{\"modules\": []}");
  }

  @Test
  void gradient_isWhatTheLastModuleGaveBeforeTheLearningRate() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "optimizer": {"lrate": 0.5, "modules": []}}\
            """);
    model.advance("[1, 2, 3]");
    assertThat(model.get("/versions/1/gradient").is(200).body()).isEqualTo(f4(1, 2, 3));
    JsonNode json = model.get("/versions/1/gradient", ACCEPT_JSON).is(200).json();
    assertThat(json.path("version").asLong()).isEqualTo(1);
    assertThat(Vectors.values(json.path("gradient").path("w"))).containsExactly(1, 2, 3);
    assertThat(model.weights()).isEqualTo(f4(-0.5, -1, -1.5));
    model.get("/versions/1/gradient", "Accept: text/html").problem(406, "not-acceptable");
  }

  @Test
  void gradient_ofAVersionThatNoRoundMade_isNotFound() {
    Model model = Model.create(PLAIN);
    model.get("/versions/0/gradient").problem(404, "gradient-not-found");
    model.post("/versions/0/restore").is(201);
    model.get("/versions/1/gradient").problem(404, "gradient-not-found");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/weights", "/gradient", "/optimizer/state"})
  void version_thatIsNot_isNotFound(String what) {
    Model model = Model.create(PLAIN);
    model.get("/versions/7" + what).problem(404, "version-not-found");
    model.get("/versions/seven" + what).problem(404, "version-not-found"); // it might be a tag
    model.get("/versions/seven!" + what).problem(400, "malformed");
    model.get("/versions/-1" + what).problem(400, "malformed");
  }

  @Test
  void restore_makesANewVersionAndDiscardsTheOpenRound() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "optimizer": {"lrate": 1, "modules": ["rmsprop"]},
             "round": {"min_updates": 1, "max_updates": 2}}\
            """);
    String initialState = model.get("/optimizer/state").is(200).text();
    model.submit(0, "alice", "{\"gradient\": [1, 2, 3]}").is(201);
    model.post("/rounds/current/close").is(200);
    model.submit(1, "alice", "{\"gradient\": [1, 2, 3]}").is(201);

    JsonNode answer = model.post("/versions/0/restore").is(201).json();
    assertThat(answer.path("model").asString()).isEqualTo(model.name());
    assertThat(answer.path("version").asLong()).isEqualTo(2);
    assertThat(answer.path("base").asString()).isEqualTo(model.base());
    assertThat(model.weights()).isEqualTo(f4(0, 0, 0));
    assertThat(model.get("/optimizer/state").text()).isEqualTo(initialState);

    assertThat(model.current().path("round").asLong()).isEqualTo(2);
    assertThat(model.current().path("updates").asInt()).isZero();
    assertThat(model.get("/rounds/1").is(200).json().path("outcome").asString())
        .isEqualTo("discarded");
    JsonNode late =
        model.submit(1, "bob", "{\"gradient\": [1, 2, 3]}").problem(410, "round-closed");
    assertThat(late.path("current_round").asLong()).isEqualTo(2);
  }

  @Test
  void restore_ofTheSameContent_hasATagOfItsOwn() {
    Model model = Model.create(PLAIN);
    String before = model.base();
    model.post("/versions/0/restore").is(201);
    assertThat(model.base()).isNotEqualTo(before);
  }

  @Test
  void restore_withTheNewest_isSafeToRepeat() {
    Model model = Model.create(PLAIN);
    model.advance("[1, 2, 3]");
    model.post("/versions/0/restore?newest=0").problem(409, "version-differs");
    model.post("/versions/0/restore?newest=1").is(201);
    model.post("/versions/0/restore?newest=1").problem(409, "version-differs");
    assertThat(model.json("version").asLong()).isEqualTo(2);
  }

  @Test
  void restore_ofNone_isRefused() {
    Model model = Model.create(PLAIN);
    model.post("/versions/5/restore").problem(404, "version-not-found");
    model.post("/versions/x!/restore").problem(400, "malformed");
    model.post("/versions/0/restore?newest=x").problem(400, "malformed");
    assertThat(model.json("version").asLong()).isZero();
  }

  @Test
  void oldVersionsAndRecords_areForgotten() {
    Http http = Server.shared("fedstep.keep-versions=1", "fedstep.keep-rounds=1").http();
    Model model = Model.create(http, PLAIN);
    for (int round = 0; round < 5; round++) {
      model.advance("[1, 2, 3]");
    }
    assertThat(model.get("/versions").json().path("versions").values())
        .extracting(v -> v.path("version").asInt())
        .contains(5)
        .isSubsetOf(4, 5);
    model.get("/versions/2/weights").problem(404, "version-not-found");
    model.get("/rounds/0").problem(404, "round-not-found");

    JsonNode forgotten =
        model.submit(0, "bob", "{\"gradient\": [1, 2, 3]}").problem(410, "round-closed");
    assertThat(forgotten.path("recorded").asBoolean(true)).isFalse();
    assertThat(forgotten.path("current_round").asLong()).isEqualTo(5);
    JsonNode kept =
        model.submit(4, "bob", "{\"gradient\": [1, 2, 3]}").problem(410, "round-closed");
    assertThat(kept.path("recorded").asBoolean(true)).isTrue();
    model.submit(4, "solo", "{\"gradient\": [1, 2, 3]}").is(200);
  }
}
