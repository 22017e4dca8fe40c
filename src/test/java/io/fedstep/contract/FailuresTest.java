package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Clients that tell that they will send nothing. */
@BesideOthers
class FailuresTest {
  private static final String ONE = "{\"gradient\": [1, 2, 3]}";
  private static final String ERROR = "{\"error\": \"ValueError\"}";

  private static Reply tell(Model model, long round, String client, String json) {
    return model.putJson("/rounds/" + round + "/failures/" + client, json);
  }

  private static List<JsonNode> failures(Model model, long round) {
    JsonNode json = model.get("/rounds/" + round + "/failures").is(200).json();
    return List.copyOf(json.path("failures").values());
  }

  @Test
  void failure_isShown_untilItsClientSendsAnUpdate() {
    Model model = Model.create(Model.plain(3, 3));
    assertThat(model.current().path("failed").asInt()).isZero();
    tell(model, 0, "alice", ERROR).is(204);
    tell(model, 0, "bob", "{\"error\": \"OSError\", \"detail\": \"no disk\"}").is(204);
    tell(model, 0, "alice", "{\"error\": \"KeyError\", \"detail\": null}").is(204);
    assertThat(model.current().path("failed").asInt()).isEqualTo(2);
    List<JsonNode> kept = failures(model, 0);
    assertThat(kept)
        .extracting(one -> one.path("client").asString())
        .containsExactly("bob", "alice");
    assertThat(kept.getFirst().propertyNames())
        .containsExactlyInAnyOrder("client", "error", "detail", "at");
    assertThat(kept.getFirst().path("detail").asString()).isEqualTo("no disk");
    assertThat(kept.getLast().path("error").asString()).isEqualTo("KeyError");
    assertThat(kept.getLast().path("detail").isNull()).isTrue();
    assertThat(Instant.parse(kept.getLast().path("at").asString()))
        .isBeforeOrEqualTo(Instant.now());
    model.submit(0, "alice", ONE).is(201);
    tell(model, 0, "alice", ERROR).is(204); // the update is in all the same
    assertThat(failures(model, 0)).hasSize(1);
    assertThat(model.current().path("failed").asInt()).isEqualTo(1);
    model.submit(0, "bob", ONE).is(201);
    model.submit(0, "carol", ONE).is(201);
    model.awaitVersion(1);
    assertThat(model.current().path("failed").asInt()).isZero();
    assertThat(failures(model, 1)).isEmpty();
  }

  @Test
  void failure_isRefused_asItsUpdateWouldBe() {
    Model model = Model.create(Model.plain(1, 1));
    tell(Model.unborn(), 0, "alice", ERROR).problem(404, "model-not-found");
    tell(model, 3, "alice", ERROR).problem(409, "round-not-open");
    model.submit(0, "bob", ONE).is(201);
    model.awaitVersion(1);
    tell(model, 0, "alice", ERROR).problem(410, "round-closed");
    model.post("/stop").is(200);
    tell(model, 1, "alice", ERROR).problem(410, "training-stopped");
    assertThat(model.get("/refusals").is(200).json().path("refusals")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "{\"error\": \"\"}",
        "{\"error\": 3}",
        "{\"error\": null}",
        "{\"error\": \"LONG\"}",
        "{\"error\": \"E\", \"detail\": 3}",
        "{\"error\": \"E\", \"detail\": \"LONGLONGLONGLONGLONGLONGLONGLONG\"}",
        "{\"error\": \"E\", \"trace\": \"\"}"
      })
  void failureOfAnotherForm_isMalformed(String json) {
    Model model = Model.create(Model.plain(2, 2));
    tell(model, 0, "alice", json.replace("LONG", "x".repeat(129))).problem(400, "malformed");
    assertThat(failures(model, 0)).isEmpty();
  }

  @Test
  void noMoreThanAThousand_areKept() {
    Model model = Model.create(Model.plain(2, 2));
    for (int k = 0; k < 1001; k++) {
      tell(model, 0, "client-" + k, ERROR).is(204);
    }
    assertThat(failures(model, 0)).hasSize(1000);
    tell(model, 0, "client-7", ERROR).is(204);
    assertThat(failures(model, 0).getLast().path("client").asString()).isEqualTo("client-7");
  }
}
