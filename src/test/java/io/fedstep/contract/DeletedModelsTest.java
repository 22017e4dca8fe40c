package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Deleted models, which can be had back for a while. */
@OneMachine("several machines keep nothing that is deleted")
class DeletedModelsTest {
  private static final String ALICE = "{\"gradient\": [1, 2, 3]}";

  private static List<JsonNode> deleted(Model model) {
    return model
        .http()
        .get("/v1/deleted")
        .is(200)
        .json()
        .path("deleted")
        .valueStream()
        .filter(one -> one.path("model").asString().equals(model.name()))
        .toList();
  }

  @Test
  void undelete_hasTheModelBackAsItWas() {
    Model model = Model.create(Model.plain(2, 2));
    model.submit(0, "alice", ALICE).is(201);
    model.putJson("/metadata", "{\"classes\": 2}").is(200);
    JsonNode before = model.json();
    Instant asked = Instant.now();
    model.http().delete(model.path("")).is(204);
    JsonNode kept = deleted(model).getFirst();
    assertThat(kept.path("version").asInt()).isZero();
    assertThat(kept.path("bytes").asLong()).isPositive();
    assertThat(Instant.parse(kept.path("deleted_at").asString()))
        .isBetween(asked.minusMillis(1), Instant.now());
    assertThat(Scrape.of(model.http()).value("fedstep_store_deleted_bytes"))
        .isGreaterThanOrEqualTo((double) kept.path("bytes").asLong());

    try (var audit = new Audit()) {
      assertThat(model.post("/undelete").is(200).json()).isEqualTo(before);
      assertThat(audit.lines(model.path("/undelete"), 1))
          .singleElement()
          .asString()
          .contains("changed status=200");
    }
    assertThat(deleted(model)).isEmpty();
    model.submit(0, "alice", ALICE).is(200);
    model.submit(0, "bob", ALICE).is(201);
    model.awaitVersion(1);
    assertThat(Scrape.of(model.http()).samples())
        .containsEntry("fedstep_round{model=\"%s\"}".formatted(model.name()), 1.0);
  }

  @Test
  void undelete_ofNone_or_besideAnother_isRefused() {
    Model model = Model.unborn();
    model.post("/undelete").problem(404, "model-not-found");
    model.putJson("", Model.PLAIN).is(201);
    model.post("/undelete").problem(409, "model-exists");
    model.http().delete(model.path("")).is(204);
    model.putJson("", Model.plain(2, 2)).is(201);
    model.post("/undelete").problem(409, "model-exists");
    assertThat(deleted(model)).hasSize(1);
    model.post("/undelete?now=1").problem(400, "malformed");
    model.http().get("/v1/deleted?limit=1").problem(400, "malformed");
  }

  @Test
  void noTime_keepsNothing(@TempDir Path data) {
    try (Server server = Server.start(data, "fedstep.keep-deleted=0")) {
      Model model = Model.create(server.http(), Model.PLAIN);
      model.http().delete(model.path("")).is(204);
      assertThat(deleted(model)).isEmpty();
      model.post("/undelete").problem(404, "model-not-found");
      assertThat(data.resolve("trash")).isEmptyDirectory();
    }
  }
}
