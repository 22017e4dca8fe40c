package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Private models: what they refuse, what their rounds cost, when training stops. */
class PrivacyTest {
  /** Pays for two rounds of a client: 3.55 and 5.30. */
  private static final String PRIVACY =
      "{\"clip_norm\": 1.0, \"noise_multiplier\": 1.2, \"epsilon\": 6, \"delta\": 1e-5}";

  private static String spec(String privacy, int updates) {
    return """
    {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
     "aggregator": ["averaging", {"steps_weighted": false}],
     "round": {"min_updates": %s}, "privacy": %s}\
    """
        .formatted(Integer.toString(updates), privacy);
  }

  private static Reply submit(Model model, long round, String client) {
    return model.submit(round, client, "{\"gradient\": [9, -9, 9], \"metrics\": {\"loss\": 1}}");
  }

  private static JsonNode privacy(Model model, String query) {
    return model.get("/privacy" + query).is(200).json();
  }

  private static void round(Model model, String... clients) {
    long round = model.current().path("round").asLong();
    for (String client : clients) {
      submit(model, round, client).is(201);
    }
    model.awaitVersion(round + 1);
  }

  @Test
  void spec_isShownWithItsDefaults() {
    Model model = Model.create(spec(PRIVACY, 1));
    assertThat(model.json("privacy"))
        .isEqualTo(
            Reply.json(
                """
                {"clip_norm": 1.0, "noise_multiplier": 1.2, "epsilon": 6.0, "delta": 1e-5,
                 "adaptive_clip": null, "where": "server", "collusion": 0}\
                """));
    model.putJson("", spec(PRIVACY, 1)).is(200);
    JsonNode differs =
        model.putJson("", spec(PRIVACY.replace("1.2", "1.3"), 1)).problem(409, "model-exists");
    assertThat(differs.path("differs")).isEqualTo(Reply.json("[\"privacy.noise_multiplier\"]"));
  }

  @Test
  void noise_isWorkedOut_forABudgetAndRounds() {
    String asked =
        """
        {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
         "aggregator": ["averaging", {"steps_weighted": false}],
         "round": {"rounds": 22}, "privacy": {"clip_norm": 1, "epsilon": 4.9, "delta": 1.2e-7}}\
        """;
    Model model = Model.create(asked);
    assertThat(model.json("privacy").path("noise_multiplier").asDouble()).isEqualTo(5.05);
    assertThat(privacy(model, "").path("rounds_left").asLong()).isEqualTo(22);
    model.putJson("", asked).is(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'\"aggregator\": \"averaging\"' | aggregator",
        "'\"aggregator\": \"median\"' | aggregator",
        "'\"update_bound\": {\"max_norm\": 1}' | update_bound",
        "'\"optimizer\": {\"lrate\": 1, \"modules\": [\"gaussian-noise\"]}' | gaussian-noise",
        "'\"keep_best\": {\"metric\": \"loss\", \"mode\": \"min\"}' | keep_best",
        "'\"round\": {\"mode\": \"buffered\"}' | round.mode",
        "'\"round\": {\"participation\": 0.5, \"timeout\": \"1m\"}' | expected_updates",
      })
  void whatItDoesNotGoWith_isRefused_withBothKeys(String other, String key) {
    String aggregator =
        other.contains("aggregator")
            ? ""
            : "\"aggregator\": [\"averaging\", {\"steps_weighted\": false}],";
    JsonNode problem =
        Model.unborn()
            .putJson(
                "",
                "{\"tensors\": {\"w\": [3]}, %s \"privacy\": %s, %s}"
                    .formatted(aggregator, PRIVACY, other))
            .problem(422, "bad-spec");
    assertThat(problem.path("detail").asString()).contains("privacy", key);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"noise_multiplier\": 1, \"delta\": 1e-5} | clip_norm",
        "{\"clip_norm\": 1, \"noise_multiplier\": 1} | delta",
        "{\"clip_norm\": 1, \"delta\": 1e-5} | noise_multiplier",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"epsilon\": 1} | round.rounds",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 0.05} | noise_multiplier",
        "{\"clip_norm\": 1, \"delta\": 0.2, \"noise_multiplier\": 1} | delta",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"epsilon\": 4.3} | epsilon",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1e7} | tensors",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"wher\": 1} | wher",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"where\": \"clients\"} | where",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"collusion\": 1} | collusion",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"adaptive_clip\": {}} | adaptive_clip.quantile",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"adaptive_clip\": {\"quantile\": 0.5, \"rate\": 0.2}} | round.min_updates",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"adaptive_clip\": {\"quantile\": 1, \"rate\": 0.2}} | quantile",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"adaptive_clip\": {\"quantile\": 0.5, \"rate\": 0}} | rate",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"expected_updates\": 9} | expected",
        "{\"clip_norm\": 1, \"delta\": 1e-5, \"noise_multiplier\": 1, \"expected_updates\": 0} | expected",
      })
  void settings_areChecked(String privacy, String named) {
    JsonNode problem = Model.unborn().putJson("", spec(privacy, 1)).problem(422, "bad-spec");
    assertThat(problem.path("detail").asString()).contains(named);
  }

  @Test
  void nothing_takesItAway() {
    Model model = Model.create(spec(PRIVACY, 1));
    model
        .putJson("/round", "{\"participation\": 0.5, \"timeout\": \"1m\"}")
        .problem(422, "bad-spec");
    model
        .putJson("/round", "{\"participation\": 0.5, \"timeout\": \"1m\", \"max_updates\": 9}")
        .problem(422, "bad-spec");
    model.putJson("/aggregator", "\"averaging\"").problem(422, "bad-spec");
    model.putJson("/update-bound", "{\"max_norm\": 1}").problem(422, "bad-spec");
    model
        .putJson("/keep-best", "{\"metric\": \"loss\", \"mode\": \"min\"}")
        .problem(422, "bad-spec");
    model.putJson("/round", "{\"min_updates\": 2}").is(200);
  }

  private static String sampled(String round) {
    return """
    {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
     "aggregator": ["averaging", {"steps_weighted": false}], "round": {%s},
     "privacy": {"clip_norm": 1, "noise_multiplier": 1, "delta": 1e-5, "expected_updates": 10}}\
    """
        .formatted(round);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'\"participation\": 0.5, \"max_updates\": 20' | timeout",
        "'\"participation\": 0.5, \"timeout\": \"1m\", \"max_updates\": 19' | round.max_updates",
        "'\"participation\": 0.5, \"timeout\": \"1m\", \"min_updates\": 2, \"max_updates\": 20' | min_updates",
        "'\"timeout\": \"1m\", \"max_updates\": 20' | participation",
      })
  void rulesOfSampling_areChecked_alsoLater(String round, String named) {
    JsonNode refused = Model.unborn().putJson("", sampled(round)).problem(422, "bad-spec");
    assertThat(refused.path("detail").asString()).contains(named);
    String right = "\"participation\": 0.5, \"timeout\": \"1m\", \"max_updates\": 20";
    Model model = Model.create(sampled(right));
    JsonNode later = model.putJson("/round", "{%s}".formatted(round)).problem(422, "bad-spec");
    assertThat(later.path("detail").asString()).contains(named);
    model.putJson("/round", "{%s}".formatted(right.replace("20", "21"))).is(200);
    model.putJson("/round", "{%s}".formatted(right.replace("0.5", "0.6"))).problem(422, "bad-spec");
  }

  @Test
  void sampling_isPricedForEverybody() {
    Model model =
        Model.create(sampled("\"participation\": 0.01, \"timeout\": \"1d\", \"max_updates\": 20"));
    JsonNode plan =
        Server.shared()
            .http()
            .get("/v1/privacy/epsilon?noise_multiplier=1&rounds=1&delta=1e-5&participation=0.01")
            .is(200)
            .json();
    JsonNode record = model.post("/rounds/current/close").is(200).json();
    assertThat(record.path("updates").asInt()).isZero();
    assertThat(record.path("privacy").path("participation").asDouble()).isEqualTo(0.01);
    assertThat(record.path("privacy").path("epsilon")).isEqualTo(plan.path("epsilon"));
    JsonNode spent = privacy(model, "?client=nobody");
    assertThat(spent).isEqualTo(privacy(model, ""));
    assertThat(spent.path("rounds").asLong()).isEqualTo(1);
    assertThat(spent.path("epsilon")).isEqualTo(plan.path("epsilon"));
    assertThat(spent.path("by").asString()).isEqualTo("rdp");
  }

  @Test
  void updateWithoutAPlace_endsItsRound_forWhichEverybodyPays() {
    String drawn =
        sampled("\"participation\": 0.999999, \"timeout\": \"1d\", \"max_updates\": 2")
            .replace("\"expected_updates\": 10", "\"expected_updates\": 1");
    Model model = Model.create(drawn);
    submit(model, 0, "a").is(201);
    submit(model, 0, "b").is(201);
    submit(model, 0, "c").problem(410, "round-closed");
    model.awaitVersion(1);
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("outcome").asString()).isEqualTo("abandoned");
    assertThat(record.path("updates").asInt()).isEqualTo(2);
    assertThat(privacy(model, "?client=c").path("rounds").asLong()).isEqualTo(1);
  }

  @Test
  void firstWeights_costNothing_andRestoringATagForgetsNothing() {
    Model model =
        Model.create(spec(PRIVACY, 1).replace("\"round\"", "\"weights\": \"required\", \"round\""));
    assertThat(privacy(model, "").path("rounds").asLong()).isZero();
    model.putJson("/weights", "{\"weights\": [1, 2, 3]}").is(200);
    round(model, "a");
    model.putJson("/tags/first", "{\"version\": 0}").is(201);
    JsonNode spent = privacy(model, "");
    assertThat(spent.path("rounds").asLong()).isEqualTo(1);
    model.post("/versions/first/restore").is(201);
    assertThat(privacy(model, "")).isEqualTo(spent);
  }

  @Test
  void clients_payForTheirOwnRounds_untilNobodyCanBeInAnother() {
    Model model = Model.create(spec(PRIVACY, 1));
    assertThat(privacy(model, ""))
        .isEqualTo(
            Reply.json(
                """
                {"epsilon": 0.0, "delta": 1e-5, "by": "gaussian", "budget": 6.0, "rounds": 0,
                 "rounds_left": 2, "clip_norm": 1.0}\
                """));
    round(model, "a");
    double once = privacy(model, "").path("epsilon").asDouble();
    assertThat(once).isCloseTo(3.5487, within(1e-4));
    round(model, "b");
    assertThat(privacy(model, "").path("epsilon").asDouble()).isEqualTo(once);
    round(model, "a");
    JsonNode spent = privacy(model, "?client=a");
    assertThat(spent).isEqualTo(privacy(model, ""));
    assertThat(spent.path("rounds").asLong()).isEqualTo(2);
    assertThat(spent.path("rounds_left").asLong()).isZero();
    assertThat(privacy(model, "?client=new").path("epsilon").asDouble()).isZero();
    submit(model, 3, "a").problem(403, "budget-spent");
    submit(model, 2, "a").is(200);
    model.post("/start").is(200);
    assertThat(model.current().has("reason")).isFalse();
    round(model, "b");
    assertThat(model.json("phase").asString()).isEqualTo("stopped");
    assertThat(model.current().path("reason").asString()).isEqualTo("budget-spent");
    submit(model, 4, "b").problem(403, "budget-spent");
    submit(model, 4, "new").problem(410, "training-stopped");
    model.post("/start").problem(409, "budget-spent");
    try (Stream<String> events = model.http().lines(model.path("/events"))) {
      String stopped =
          events
              .dropWhile(line -> !line.equals("event: training-stopped"))
              .filter(line -> line.startsWith("data: "))
              .findFirst()
              .orElseThrow();
      assertThat(stopped).contains("\"reason\":\"budget-spent\"");
    }
  }

  @Test
  void ledger_isTheNewest_whateverIsRestored() {
    Model model = Model.create(spec(PRIVACY, 1));
    round(model, "a");
    JsonNode spent = privacy(model, "");
    model.post("/versions/0/restore").is(201);
    assertThat(privacy(model, "")).isEqualTo(spent);
  }

  @Test
  void clipNorm_isThatOfTheOpenRound_whereItIsAdaptive() {
    String adaptive = "{\"quantile\": 0.5, \"rate\": 0.2}";
    Model model =
        Model.create(
            spec(
                "{\"clip_norm\": 1, \"noise_multiplier\": 0.1, \"delta\": 1e-5, \"adaptive_clip\": %s}"
                    .formatted(adaptive),
                2));
    assertThat(model.json("privacy").path("adaptive_clip")).isEqualTo(Reply.json(adaptive));
    round(model, "a", "b");
    double clip = privacy(model, "").path("clip_norm").asDouble();
    assertThat(clip).isGreaterThan(1); // both were cut
    assertThat(model.json("privacy").path("clip_norm").asDouble()).isEqualTo(1);
    round(model, "a", "b");
    JsonNode record = model.get("/rounds/1").is(200).json();
    assertThat(record.path("privacy").path("clip_norm").asDouble()).isEqualTo(clip);
  }

  @Test
  void record_saysWhatWasSpent_andNoNorm() {
    Model model = Model.create(spec(PRIVACY, 2));
    round(model, "a", "b");
    JsonNode record = model.get("/rounds/0").is(200).json();
    JsonNode privacy = record.path("privacy");
    assertThat(privacy.path("noise_multiplier").asDouble()).isEqualTo(1.2);
    assertThat(privacy.path("participation").asDouble()).isEqualTo(1);
    assertThat(privacy.path("clip_norm").asDouble()).isEqualTo(1);
    assertThat(privacy.path("delta").asDouble()).isEqualTo(1e-5);
    assertThat(privacy.path("epsilon")).isEqualTo(privacy(model, "").path("epsilon"));
    record.path("clients").forEach(client -> assertThat(client.path("norm").isNull()).isTrue());
    assertThat(record.path("clients").size()).isEqualTo(2);
    assertThat(record.toString()).doesNotContain("noise_key");
  }

  @Test
  void gradient_isTheCutMean_withNoise() {
    int size = 4000;
    Model model =
        Model.create(
            spec("{\"clip_norm\": 0.5, \"noise_multiplier\": 2, \"delta\": 1e-5}", 1)
                .replace("[3]", "[%s]".formatted(Integer.toString(size))));
    double[] update = new double[size];
    Arrays.fill(update, 1e6); // is cut to 0.5 / √4000 each
    model.putOctets(Model.update(0, "a"), Vectors.f4(update)).is(201);
    model.awaitVersion(1);
    double[] gradient = Vectors.values(model.get("/versions/1/gradient").is(200).body(), "float32");
    double mean = Arrays.stream(gradient).average().orElseThrow();
    assertThat(mean).isCloseTo(0.5 / Math.sqrt(size), within(6 / Math.sqrt(size)));
    double square = Arrays.stream(gradient).map(it -> it * it).average().orElseThrow();
    assertThat(Math.sqrt(square)).isCloseTo(1, within(6 / Math.sqrt(2.0 * size)));
  }

  @Test
  void plan_isPriced() {
    Http http = Server.shared().http();
    JsonNode plan =
        http.get("/v1/privacy/epsilon?noise_multiplier=8&rounds=1000&delta=1e-6").is(200).json();
    assertThat(plan.path("epsilon").asDouble()).isCloseTo(25.95, within(0.005));
    assertThat(plan.path("by").asString()).isEqualTo("gaussian");
    assertThat(plan.path("order").isNull()).isTrue();
    assertThat(plan.path("participation").asDouble()).isEqualTo(1);
    JsonNode sampled =
        http.get(
                "/v1/privacy/epsilon?noise_multiplier=4&rounds=10000&delta=1e-5&participation=0.01")
            .is(200)
            .json();
    assertThat(sampled.path("epsilon").asDouble()).isCloseTo(1.0355, within(1e-4));
    assertThat(sampled.path("order").asDouble()).isEqualTo(17);
    JsonNode least =
        http.get("/v1/privacy/epsilon?epsilon=4.9&rounds=22&delta=1.2e-7").is(200).json();
    assertThat(least.path("noise_multiplier").asDouble()).isEqualTo(5.05);
    for (String wrong :
        List.of(
            "",
            "rounds=3&delta=1e-5",
            "noise_multiplier=1&delta=1e-5",
            "noise_multiplier=1&rounds=3",
            "noise_multiplier=1&epsilon=1&rounds=3&delta=1e-5",
            "noise_multiplier=0.09&rounds=3&delta=1e-5",
            "noise_multiplier=inf&rounds=3&delta=1e-5",
            "noise_multiplier=1&rounds=0&delta=1e-5",
            "noise_multiplier=1&rounds=3&delta=0",
            "noise_multiplier=1&rounds=3&delta=0.1",
            "noise_multiplier=1&rounds=3&delta=1e-5&participation=0",
            "noise_multiplier=1&rounds=3&delta=1e-5&participation=1.1",
            "epsilon=1e-7&rounds=3&delta=1e-5",
            "epsilon=nan&rounds=3&delta=1e-5")) {
      http.get("/v1/privacy/epsilon?" + wrong).problem(400, "malformed");
    }
  }

  @Test
  void deletion_leavesWhatWasSpent_inTheAuditLog() {
    Model model = Model.create(spec(PRIVACY, 1));
    round(model, "a");
    double spent = privacy(model, "").path("epsilon").asDouble();
    try (var audit = new Audit()) {
      model.http().delete(model.path("")).is(204);
      assertThat(audit.lines("DELETE " + model.path(""), 1).getFirst())
          .endsWith(" spent=\"epsilon %s at delta 1.0E-5 in 1 rounds\"".formatted(spent));
    }
    Model open = Model.create(Model.PLAIN);
    try (var audit = new Audit()) {
      open.http().delete(open.path("")).is(204);
      assertThat(audit.lines("DELETE " + open.path(""), 1).getFirst()).doesNotContain("spent=");
    }
  }

  @Test
  void modelWithoutPrivacy_hasNoAccount() {
    Model.create(Model.PLAIN).get("/privacy").problem(404, "not-found");
    Model.unborn().get("/privacy").problem(404, "model-not-found");
  }
}
