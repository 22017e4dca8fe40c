package io.fedstep.contract;

import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** A model in which nothing happens before its first weights are set. */
class RequiredWeightsTest {
  private static final String SPEC =
      """
      {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []}, "weights": "required",
       "round": {"min_updates": 2, "timeout": "10m"}}\
      """;

  private static final byte[] WEIGHTS = f4(1, 2, 3);

  @Test
  void modelWithoutWeights_showsThatItWaits() {
    Model model = Model.create(SPEC);
    model.putJson("", SPEC).is(200);
    model.putJson("", SPEC.replace("required", "zeros")).problem(409, "model-exists");
    for (JsonNode shown : new JsonNode[] {model.json(), model.current()}) {
      assertThat(shown.path("phase").asString()).isEqualTo("awaiting-weights");
      assertThat(shown.path("base").isNull()).isTrue();
      assertThat(shown.path("opened_at").isNull()).isTrue();
      assertThat(shown.path("deadline").isNull()).isTrue();
    }
    assertThat(model.json("weights").asString()).isEqualTo("required");
    assertThat(model.json("version").isNull()).isTrue();
    assertThat(model.get("/versions").is(200).json()).isEqualTo(Reply.json("{\"versions\": []}"));
    assertThat(model.get("/rounds/current?client=alice").json().path("invited").asBoolean())
        .isFalse();
  }

  @Test
  void modelOfZeros_isTheDefault() {
    Model model = Model.create("{\"tensors\": {\"w\": [3]}}");
    assertThat(model.json("weights").asString()).isEqualTo("zeros");
    model.putJson("", "{\"tensors\": {\"w\": [3]}, \"weights\": \"zeros\"}").is(200);
    Model.unborn()
        .putJson("", "{\"tensors\": {\"w\": [3]}, \"weights\": \"ones\"}")
        .problem(422, "bad-spec");
    Model.unborn()
        .putJson("", "{\"tensors\": {\"w\": [3]}, \"weights\": null}")
        .problem(400, "malformed");
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /weights",
    "GET, /weights?wait=1ms",
    "GET, /optimizer/state",
    "GET, /versions/0/weights",
    "GET, /versions/7/gradient",
    "GET, /versions/0/optimizer/state",
    "POST, /versions/0/restore",
    "POST, /rounds/current/close",
    "PUT, /rounds/0/updates/alice",
    "PUT, /rounds/9/updates/alice",
    "PUT, /rounds/0/failures/alice",
    "PUT, /versions/0/reports/alice",
    "PUT, /optimizer/state"
  })
  void whatNeedsAVersion_isRefusedForNow(String method, String path) {
    Model model = Model.create(SPEC);
    Reply reply =
        switch (method) {
          case "GET" -> model.get(path);
          case "POST" -> model.post(path);
          default -> model.putJson(path, body(path));
        };
    reply.problem(503, "no-weights");
    assertThat(Long.parseLong(reply.header("Retry-After"))).isGreaterThanOrEqualTo(1);
  }

  private static String body(String path) {
    if (path.startsWith("/rounds")) {
      return path.contains("failures")
          ? "{\"error\": \"ValueError\"}"
          : "{\"gradient\": [1, 2, 3]}";
    }
    return path.endsWith("state") ? "{\"modules\": []}" : "{\"metrics\": {\"loss\": 1}}";
  }

  @Test
  void otherAddresses_goOn() {
    Model model = Model.create(SPEC);
    model.putJson("/round", "{\"min_updates\": 1}").is(200);
    model.putJson("/optimizer", "{\"lrate\": 2.0, \"modules\": []}").is(200);
    model.putJson("/aggregator", "\"median\"").is(200);
    model.putJson("/update-bound", "{\"max_norm\": 9}").is(200);
    model.putJson("/metadata", "{\"a\": 1}").is(200);
    assertThat(model.post("/stop").is(200).json().path("phase").asString()).isEqualTo("stopped");
    assertThat(model.json("version").isNull()).isTrue();
    model.get("/weights?wait=30s").problem(503, "no-weights");
    assertThat(model.post("/start").is(200).json().path("phase").asString())
        .isEqualTo("awaiting-weights");
    model.get("/rounds/current?after=0&wait=1ms").is(204);
    model.get("/rounds/0/updates").is(200);
    model.http().delete(model.path("")).is(204);
  }

  @Test
  void weights_openTheFirstRound() {
    Model model = Model.create(SPEC);
    String created = model.json("created_at").asString();
    JsonNode made = model.putOctets("/weights", WEIGHTS).is(200).json();
    assertThat(made.path("version").asLong()).isZero();
    model.putOctets("/weights", WEIGHTS).is(200);
    model.putOctets("/weights", f4(1, 2, 4)).problem(409, "already-started");
    JsonNode current = model.current();
    assertThat(current.path("phase").asString()).isEqualTo("collecting");
    assertThat(current.path("base")).isEqualTo(made.path("base"));
    assertThat(current.path("opened_at").asString()).isGreaterThanOrEqualTo(created);
    assertThat(current.path("deadline").asString()).isGreaterThan(created);
    assertThat(model.json("version").asLong()).isZero();
    assertThat(model.weights()).isEqualTo(WEIGHTS);
    model.submit(0, "a", "{\"gradient\": [1, 1, 1]}").is(201);
    model.submit(0, "b", "{\"gradient\": [1, 1, 1]}").is(201);
    model.awaitVersion(1);
    assertThat(model.weights()).isEqualTo(f4(0, 1, 2));
    assertThat(model.get("/versions").json().path("versions").size()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\"3f9c2a71-0\""})
  void waitForWeights_isHeldUntilTheyCome(String known) {
    Model model = Model.create(SPEC);
    var waits =
        CompletableFuture.supplyAsync(() ->
            known.isEmpty()
                ? model.get("/weights?wait=30s")
                : model.get("/weights?wait=30s", "If-None-Match: " + known));
    await().during(Duration.ofMillis(200)).until(() -> !waits.isDone());
    model.putOctets("/weights", WEIGHTS).is(200);
    assertThat(waits.join().is(200).body()).isEqualTo(WEIGHTS);
  }

  @Test
  void waitForWeights_endsWithTraining() {
    Model model = Model.create(SPEC);
    var waits = CompletableFuture.supplyAsync(() -> model.get("/weights?wait=30s"));
    await().during(Duration.ofMillis(200)).until(() -> !waits.isDone());
    model.post("/stop").is(200);
    waits.join().problem(503, "no-weights");
  }

  @Test
  void conditions_findNoVersion() {
    Model model = Model.create(SPEC);
    String path = model.path("/weights");
    model.http().put(path, WEIGHTS, Http.OCTETS, "If-Match: *").problem(412, "precondition-failed");
    model.http().put(path, WEIGHTS, Http.OCTETS, "If-None-Match: *").is(200);
  }
}
