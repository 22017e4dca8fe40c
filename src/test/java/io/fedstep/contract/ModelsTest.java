package io.fedstep.contract;

import static io.fedstep.contract.Http.ACCEPT_JSON;
import static io.fedstep.contract.Model.PLAIN;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Reading, changing, stopping and removing models. */
class ModelsTest {
  private static final String DIGITS =
      """
      {"tensors": {"coef": [10, 64], "intercept": [10]},
       "optimizer": {"lrate": 0.05, "modules": ["rmsprop"]}}\
      """;

  // --- read

  @Test
  void get_showsLayoutAndProgress() {
    Model model = Model.create(DIGITS);
    JsonNode json = model.json();
    assertThat(json.path("parameters").asInt()).isEqualTo(650);
    assertThat(json.path("layout"))
        .isEqualTo(
            Reply.json(
                """
                [{"name": "coef", "shape": [10, 64], "offset": 0, "step": "optimizer"},
                 {"name": "intercept", "shape": [10], "offset": 640, "step": "optimizer"}]\
                """));
    assertThat(json.path("version").asLong()).isZero();
    assertThat(json.path("phase").asString()).isEqualTo("collecting");
    assertThat(model.get("/weights").header("ETag"))
        .isEqualTo("\"" + json.path("base").asString() + "\"");
    String createdAt = json.path("created_at").asString();
    assertThat(createdAt).endsWith("Z");
    Instant created = Instant.parse(createdAt);
    assertThat(created).isEqualTo(created.truncatedTo(ChronoUnit.MILLIS));
  }

  @Test
  void get_ofNone_is404() {
    Model.unborn().get("").problem(404, "model-not-found");
    Model.unborn().get("/weights").problem(404, "model-not-found");
    Model.unborn().get("/rounds/current").problem(404, "model-not-found");
    Model.unborn().get("/optimizer").problem(404, "model-not-found");
  }

  @Test
  void list_namesEveryModel() {
    Model one = Model.create(PLAIN);
    Model other = Model.create(PLAIN);
    JsonNode list = one.http().get("/v1/models").is(200).json().path("models");
    assertThat(list.values())
        .extracting(model -> model.path("model").asString())
        .contains(one.name(), other.name())
        .doesNotHaveDuplicates();
  }

  @Test
  void list_showsModels_withoutWhatThereIsOfEachTensor() {
    Model one = Model.create(PLAIN);
    Model other = Model.create(PLAIN);
    String before = one.name().substring(0, one.name().length() - 1);
    JsonNode page = one.http().get("/v1/models?limit=1&after=" + before).is(200).json();
    JsonNode entry = page.path("models").path(0);
    assertThat(entry.has("tensors") || entry.has("layout")).isFalse();
    assertThat(entry.path("optimizer").isObject()).isTrue();
    assertThat(page.path("models").size()).isEqualTo(1);
    assertThat(page.path("next")).isEqualTo(entry.path("model"));
    List<String> all = names(one.http(), "");
    assertThat(all).isSorted().contains(one.name(), other.name());
    String last = all.getLast();
    JsonNode rest = one.http().get("/v1/models?limit=500&after=" + last).is(200).json();
    assertThat(rest.toString()).isEqualTo("{\"models\":[]}");
    JsonNode few =
        one.http().get("/v1/models?fields=version,phase,tensors").is(200).json().path("models");
    assertThat(few.values())
        .allSatisfy(model ->
            assertThat(model.propertyNames())
                .containsExactlyInAnyOrder("model", "version", "phase"));
    assertThat(names(one.http(), "?limit=2")).isEqualTo(all.subList(0, Math.min(2, all.size())));
    one.http().get("/v1/models?limt=2").problem(400, "malformed");
    one.http().get("/v1/models?limit=two").problem(400, "malformed");
    one.http().get("/v1/models?after=%20").problem(400, "malformed");
  }

  private static List<String> names(Http http, String query) {
    return http.get("/v1/models" + query)
        .is(200)
        .json()
        .path("models")
        .valueStream()
        .map(model -> model.path("model").asString())
        .toList();
  }

  // --- delete

  @Test
  void delete_removesTheModel() {
    Model model = Model.create(PLAIN);
    model.http().delete(model.path("")).is(204);
    model.get("").problem(404, "model-not-found");
    model.submit(0, "alice", "{\"gradient\": [1, 2, 3]}").problem(404, "model-not-found");
    model.http().delete(model.path("")).problem(404, "model-not-found");
  }

  @Test
  void delete_andCreateAgain_startsAnotherIncarnation() {
    Model model = Model.create(PLAIN);
    String before = model.base();
    model.advance("[1, 2, 3]");
    model.http().delete(model.path("")).is(204);
    model.putJson("", PLAIN).is(201);
    assertThat(model.json("version").asLong()).isZero();
    assertThat(model.base()).isNotEqualTo(before);
    assertThat(model.weights()).isEqualTo(Vectors.f4(0, 0, 0));
  }

  @Test
  void delete_wakesWhoeverWaits() {
    Model model = Model.create(PLAIN);
    CompletableFuture<Reply> waiting =
        model.http().getLater(model.path("/rounds/current?after=0&wait=60s"));
    model.http().delete(model.path("")).is(204);
    waiting.join().problem(404, "model-not-found");
  }

  // --- change

  @Test
  void putRound_replacesThePolicy() {
    Model model = Model.create(Model.plain(2, 5));
    JsonNode answer =
        model.putJson("/round", "{\"max_updates\": 3, \"timeout\": \"30s\"}").is(200).json();
    assertThat(answer.path("round").path("max_updates").asInt()).isEqualTo(3);
    JsonNode round = model.json("round");
    assertThat(round.path("min_updates").asInt()).isEqualTo(1);
    assertThat(round.path("max_updates").asInt()).isEqualTo(3);
    assertThat(round.path("timeout").asString()).isEqualTo("30s");
    assertThat(model.current().path("max_updates").asInt()).isEqualTo(3);
    assertThat(model.current().path("deadline").isNull()).isFalse();
  }

  @Test
  void putRound_withFewerPlacesThanUpdates_closesAtOnce() {
    Model model = Model.create(Model.plain(3, 3));
    model.submit(0, "alice", "{\"gradient\": [1, 2, 3]}").is(201);
    model.submit(0, "bob", "{\"gradient\": [1, 2, 3]}").is(201);
    model.putJson("/round", "{\"min_updates\": 1, \"max_updates\": 2}").is(200);
    model.awaitVersion(1);
    assertThat(model.get("/rounds/0").json().path("updates").asInt()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"min_updates\": 0}",
        "{\"min_updates\": 2, \"max_updates\": 1}",
        "{\"minimum\": 1}",
        "{\"timeout\": \"soon\"}",
        "{\"mode\": \"async\"}"
      })
  void putRound_ofWhatCannotBe_isABadSpec(String round) {
    Model model = Model.create(PLAIN);
    model.putJson("/round", round).problem(422, "bad-spec");
    assertThat(model.json("round").path("max_updates").asInt()).isEqualTo(1);
  }

  @Test
  void putOptimizer_countsFromTheNextClose() {
    Model model = Model.create(PLAIN);
    model.advance("[1, 2, 4]");
    JsonNode answer =
        model.putJson("/optimizer", "{\"lrate\": 0.5, \"modules\": []}").is(200).json();
    assertThat(answer.path("optimizer").path("lrate").asDouble()).isEqualTo(0.5);
    model.advance("[1, 2, 4]");
    assertThat(model.weights()).isEqualTo(Vectors.f4(-1.5, -3, -6));
    assertThat(model.get("/rounds/0").json().findValue("lrate").asDouble()).isEqualTo(1.0);
    assertThat(model.get("/rounds/1").json().findValue("lrate").asDouble()).isEqualTo(0.5);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"lrate\": 0.5, \"modules\": [\"rmsprop\"]}",
        "{\"lrate\": -1, \"modules\": []}",
        "{\"modules\": []}",
        "{\"lrate\": 0.5, \"modules\": [], \"decay\": 1}"
      })
  void putOptimizer_ofWhatCannotBe_isABadSpec(String optimizer) {
    Model model = Model.create(PLAIN);
    model.putJson("/optimizer", optimizer).problem(422, "bad-spec");
    assertThat(model.json("optimizer").path("lrate").asDouble()).isEqualTo(1.0);
  }

  // --- stop and start

  @Test
  void stop_refusesUpdatesAndKeepsTheRound() {
    Model model = Model.create(Model.plain(2, 2));
    String alice = "{\"gradient\": [1, 2, 3]}";
    Reply receipt = model.submit(0, "alice", alice).is(201);
    assertThat(model.post("/stop").is(200).json().path("phase").asString()).isEqualTo("stopped");
    assertThat(model.json("phase").asString()).isEqualTo("stopped");
    assertThat(model.current().path("phase").asString()).isEqualTo("stopped");
    assertThat(model.current().path("updates").asInt()).isEqualTo(1);

    model.submit(0, "bob", "{\"gradient\": [3, 2, 1]}").problem(410, "training-stopped");
    assertThat(model.submit(0, "alice", alice).is(200).json()).isEqualTo(receipt.json());

    assertThat(model.post("/start").is(200).json().path("phase").asString())
        .isEqualTo("collecting");
    model.submit(0, "bob", "{\"gradient\": [3, 2, 1]}").is(201);
    model.awaitVersion(1);
    assertThat(model.weights()).isEqualTo(Vectors.f4(-2, -2, -2));
  }

  @Test
  void stop_andStart_mayBeRepeated() {
    Model model = Model.create(PLAIN);
    model.post("/start").is(200);
    model.post("/stop").is(200);
    model.post("/stop").is(200);
    model.post("/start").is(200);
    model.advance("[1, 2, 3]");
  }

  @Test
  void whileStopped_waitsReturnAtOnce() {
    Model model = Model.create(PLAIN);
    assertThat(model.get("/weights").header("Fedstep-Phase")).isNotEqualTo("stopped");
    model.post("/stop").is(200);

    Reply weights = model.get("/weights", ACCEPT_JSON).is(200);
    assertThat(weights.header("Fedstep-Phase")).isEqualTo("stopped");
    String none = "If-None-Match: " + weights.header("ETag");
    assertThat(model.get("/weights", ACCEPT_JSON, none).is(304).header("Fedstep-Phase"))
        .isEqualTo("stopped");
    assertThat(model.get("/weights?wait=60s", none).is(304).header("Fedstep-Phase"))
        .isEqualTo("stopped");
    assertThat(model.get("/rounds/current?after=0&wait=60s").is(204).header("Fedstep-Phase"))
        .isEqualTo("stopped");
  }

  @Test
  void stop_wakesWhoeverWaits() {
    Model model = Model.create(PLAIN);
    var weights =
        model
            .http()
            .getLater(model.path("/weights?wait=60s"), "If-None-Match: \"" + model.base() + "\"");
    var round = model.http().getLater(model.path("/rounds/current?after=0&wait=60s"));
    model.post("/stop").is(200);
    assertThat(weights.join().is(304).header("Fedstep-Phase")).isEqualTo("stopped");
    assertThat(round.join().is(204).header("Fedstep-Phase")).isEqualTo("stopped");
  }

  @Test
  void training_withANumberOfRounds_stopsByItself() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "optimizer": {"lrate": 1, "modules": []},
             "round": {"rounds": 2}}\
            """);
    model.advance("[1, 2, 3]");
    assertThat(model.json("phase").asString()).isEqualTo("collecting");
    model.submit(1, "alice", "{\"gradient\": [1, 2, 3]}").is(201);
    model.awaitVersion(2);
    assertThat(model.json("phase").asString()).isEqualTo("stopped");
    assertThat(model.json("version").asLong()).isEqualTo(2);
    model.submit(2, "alice", "{\"gradient\": [1, 2, 3]}").problem(410, "training-stopped");
  }

  /** What was started beyond its end goes on until a policy names another one. */
  @Test
  void training_thatWasStartedAgain_endsWhereANewPolicySays() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "optimizer": {"lrate": 1, "modules": []},
             "round": {"rounds": 1}}\
            """);
    model.advance("[1, 2, 3]");
    assertThat(model.post("/start").is(200).json().path("phase").asString())
        .isEqualTo("collecting");
    model.advance("[1, 2, 3]");
    model.advance("[1, 2, 3]");
    assertThat(phaseWith(model, 1)).isEqualTo("collecting"); // the same end again
    var waiting =
        model
            .http()
            .getLater(model.path("/weights?wait=30s"), "If-None-Match: \"" + model.base() + "\"");
    assertThat(phaseWith(model, 2)).isEqualTo("stopped");
    waiting.join().is(304);
    assertThat(phaseWith(model, 5)).isEqualTo("collecting");
    model.advance("[1, 2, 3]");
    assertThat(phaseWith(model, 4)).isEqualTo("stopped");
  }

  private static String phaseWith(Model model, int rounds) {
    return model
        .putJson("/round", "{\"rounds\": %s}".formatted(rounds))
        .is(200)
        .json()
        .path("phase")
        .asString();
  }
}
