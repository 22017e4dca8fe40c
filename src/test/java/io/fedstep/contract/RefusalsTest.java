package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Which updates were refused, and why; which are in a round. */
class RefusalsTest {
  private static final String ONE = "{\"gradient\": [1, 2, 3], \"metrics\": {\"loss\": 0.5}}";
  private static final String NAN = "{\"gradient\": [1, NaN, 3]}";

  private static List<JsonNode> refusals(Model model) {
    return List.copyOf(model.get("/refusals").is(200).json().path("refusals").values());
  }

  @Test
  void refusal_isKept_withItsReason() {
    Model model = Model.create(Model.plain(2, 2));
    assertThat(refusals(model)).isEmpty();
    JsonNode problem = model.submit(0, "mallory", NAN).problem(422, "not-finite");
    JsonNode kept = refusals(model).getFirst();
    assertThat(kept.propertyNames())
        .containsExactlyInAnyOrder("model", "round", "client", "code", "status", "detail", "at");
    assertThat(kept.path("model").asString()).isEqualTo(model.name());
    assertThat(kept.path("round").asInt()).isZero();
    assertThat(kept.path("client").asString()).isEqualTo("mallory");
    assertThat(kept.path("code").asString()).isEqualTo("not-finite");
    assertThat(kept.path("status").asInt()).isEqualTo(422);
    assertThat(kept.path("detail")).isEqualTo(problem.path("detail"));
    assertThat(Instant.parse(kept.path("at").asString())).isBeforeOrEqualTo(Instant.now());
  }

  @Test
  void whatIsNoRefusedUpdate_isNotKept() {
    Model model = Model.create(Model.plain(2, 2));
    model.submit(0, "alice", ONE).is(201);
    model.submit(0, "alice", ONE).is(200);
    model.get("/rounds/0/updates/bob").is(404);
    model.putJson("/round", "{}").is(200);
    model.putJson("/round", "[]").is(400);
    model.putJson("/rounds/0/updates/bad..$name", ONE).is(400);
    model.putJson("/rounds/soon/updates/alice", ONE).is(400);
    assertThat(refusals(model)).isEmpty();
  }

  @Test
  void refusals_areNewestFirst_andNoMoreThanAHundred_andGoWithTheModel() {
    Model model = Model.create(Model.plain(2, 2));
    for (int k = 0; k < 105; k++) {
      model.submit(0, "client-" + k, NAN).is(422);
    }
    assertThat(refusals(model))
        .hasSize(100)
        .extracting(one -> one.path("client").asString())
        .startsWith("client-104", "client-103")
        .endsWith("client-5");
    model.http().delete(model.path("")).is(204);
    model.putJson("", Model.plain(2, 2)).is(201);
    assertThat(refusals(model)).isEmpty();
  }

  @Test
  void reason_isCut_whereItIsLong() {
    Model model = Model.create(Model.PLAIN);
    String name = "x".repeat(5000);
    model.submit(0, "mallory", "{\"gradient\": {\"%s\": [1]}}".formatted(name)).is(422);
    assertThat(refusals(model).getFirst().path("detail").asString().length()).isLessThan(310);
  }

  @Test
  void updates_ofTheOpenRound_andOfOneThatIsOver_areListed() {
    Model model = Model.create(Model.plain(2, 2));
    assertThat(updates(model, 0)).isEmpty();
    model.submit(0, "bob", ONE).is(201);
    JsonNode open = updates(model, 0).getFirst();
    assertThat(open.path("client").asString()).isEqualTo("bob");
    assertThat(open.path("weight").asDouble()).isEqualTo(1);
    assertThat(open.path("metrics").path("loss").asDouble()).isEqualTo(0.5);
    model.submit(0, "alice", ONE).is(201);
    model.awaitVersion(1);
    assertThat(updates(model, 0))
        .extracting(one -> one.path("client").asString())
        .containsExactly("alice", "bob");
    assertThat(updates(model, 0)).contains(open);
    assertThat(updates(model, 1)).isEmpty();
    model.get("/rounds/2/updates").problem(404, "round-not-found");
    model.get("/rounds/current/updates").problem(400, "malformed");
  }

  @Test
  void records_mayBeHadWithoutClients() {
    Model model = Model.create(Model.PLAIN);
    model.advance("[1, 2, 3]");
    JsonNode without = record(model, "?clients=0");
    assertThat(without.path("clients")).isEmpty();
    assertThat(without.path("updates").asInt()).isEqualTo(1);
    assertThat(record(model, "").path("clients")).hasSize(1);
    assertThat(record(model, "?clients=1")).isEqualTo(record(model, ""));
  }

  private static JsonNode record(Model model, String query) {
    return model.get("/rounds" + query).is(200).json().path("rounds").path(0);
  }

  private static List<JsonNode> updates(Model model, long round) {
    String path = "/rounds/" + round + "/updates";
    return List.copyOf(model.get(path).is(200).json().path("updates").values());
  }
}
