package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The bound on the weights of updates and reports. */
class WeightBoundTest {
  private static Model bounded(String bound, String round) {
    return Model.create(
        """
        {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
         "update_bound": %s, "round": %s}\
        """
            .formatted(bound, round));
  }

  private static Reply submit(Model model, long round, String client, int value, int weight) {
    String body =
        "{\"gradient\": [%1$s, %1$s, %1$s], \"weight\": %2$s, \"metrics\": {\"loss\": %1$s}}"
            .formatted(Integer.toString(value), Integer.toString(weight));
    return model.submit(round, client, body);
  }

  private static double gradient(Model model, long version) {
    String path = "/versions/%s/gradient".formatted(Long.toString(version));
    return Vectors.values(model.get(path).is(200).body(), "float32")[0];
  }

  private static JsonNode client(JsonNode record, String name) {
    return record
        .path("clients")
        .valueStream()
        .filter(client -> client.path("client").asString().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void bound_isShownAsItWasAskedFor() {
    assertThat(bounded("{\"max_weight\": 4}", "{}").json("update_bound"))
        .isEqualTo(Reply.json("{\"max_weight\": 4.0, \"action\": \"clip\"}"));
    assertThat(bounded("{\"max_norm\": 2, \"max_weight\": 4}", "{}").json("update_bound"))
        .isEqualTo(Reply.json("{\"max_norm\": 2.0, \"max_weight\": 4.0, \"action\": \"clip\"}"));
  }

  @Test
  void heavyUpdate_countsAsTheMost() {
    Model model = bounded("{\"max_weight\": 3}", "{\"min_updates\": 2}");
    JsonNode receipt = submit(model, 0, "a", 4, 1000).is(201).json();
    assertThat(receipt.path("weight").asDouble()).isEqualTo(1000);
    assertThat(submit(model, 0, "a", 4, 1000).is(200).json()).isEqualTo(receipt);
    submit(model, 0, "a", 4, 3).problem(409, "update-differs");
    JsonNode open = model.get("/rounds/0/updates").is(200).json().path("updates").path(0);
    assertThat(open.path("effective_weight").asDouble()).isEqualTo(3);
    submit(model, 0, "b", 0, 1).is(201);
    model.awaitVersion(1);
    assertThat(gradient(model, 1)).isEqualTo(3);
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("total_weight").asDouble()).isEqualTo(4);
    assertThat(record.path("metrics").path("loss").asDouble()).isEqualTo(3);
    assertThat(client(record, "a").path("weight").asDouble()).isEqualTo(1000);
    assertThat(client(record, "a").path("effective_weight").asDouble()).isEqualTo(3);
    assertThat(client(record, "b").path("effective_weight").asDouble()).isEqualTo(1);
    assertThat(submit(model, 0, "a", 4, 1000).is(200).json()).isEqualTo(receipt);
  }

  @Test
  void heavyUpdate_isRefused_beforeItsBody() {
    Model model = bounded("{\"max_weight\": 3, \"action\": \"refuse\"}", "{\"min_updates\": 2}");
    JsonNode problem = submit(model, 0, "a", 4, 4).problem(422, "bad-weight");
    assertThat(problem.path("expected").asDouble()).isEqualTo(3);
    assertThat(problem.path("actual").asDouble()).isEqualTo(4);
    model.putOctets(Model.update(0, "a") + "?weight=4", new byte[3]).problem(422, "bad-weight");
    submit(model, 0, "a", 4, 3).is(201);
    submit(model, 0, "a", 4, 3).is(200);
  }

  @Test
  void weightIsCut_beforeTheDiscountOfAge() {
    Model model =
        bounded(
            "{\"max_weight\": 2}",
            "{\"mode\": \"buffered\", \"min_updates\": 1, \"staleness_exponent\": 1.0}");
    submit(model, 0, "a", 1, 1).is(201);
    model.awaitVersion(1);
    submit(model, 0, "b", 1, 50).is(201);
    model.awaitVersion(2);
    JsonNode record = model.get("/rounds/1").is(200).json();
    assertThat(client(record, "b").path("effective_weight").asDouble()).isEqualTo(1);
    assertThat(client(record, "b").path("weight").asDouble()).isEqualTo(50);
    assertThat(record.path("total_weight").asDouble()).isEqualTo(1);
  }

  @Test
  void weightsOfReports_areCutLikewise() {
    Model model = bounded("{\"max_weight\": 1}", "{}");
    report(model, "a", 0.25, 3000).is(201);
    JsonNode kept = report(model, "a", 0.5, 3000).is(201).json();
    assertThat(kept.path("weight").asDouble()).isEqualTo(3000);
    report(model, "b", 0, 1).is(201);
    assertThat(accuracy(model)).isEqualTo(0.25);
    model.putJson("/update-bound", "null").is(200);
    assertThat(accuracy(model)).isCloseTo(0.5, within(0.001));
    model.putJson("/update-bound", "{\"max_weight\": 1, \"action\": \"refuse\"}").is(200);
    report(model, "c", 0, 2).problem(422, "bad-weight");
    report(model, "c", 0, 1).is(201);
  }

  private static Reply report(Model model, String client, double accuracy, int weight) {
    return model.putJson(
        "/versions/0/reports/" + client,
        "{\"weight\": %s, \"metrics\": {\"accuracy\": %s}}"
            .formatted(Integer.toString(weight), Double.toString(accuracy)));
  }

  private static double accuracy(Model model) {
    JsonNode newest = model.get("/versions").is(200).json().path("versions").path(0);
    return newest.path("metrics").path("accuracy").asDouble();
  }

  // --- of a running model

  @Test
  void newClip_countsForTheOpenRoundsClose() {
    Model model = bounded("null", "{\"min_updates\": 2}");
    submit(model, 0, "a", 4, 1000).is(201);
    JsonNode changed = model.putJson("/update-bound", "{\"max_weight\": 3}").is(200).json();
    assertThat(changed.path("update_bound").path("max_weight").asDouble()).isEqualTo(3);
    submit(model, 0, "b", 0, 1).is(201);
    model.awaitVersion(1);
    assertThat(gradient(model, 1)).isEqualTo(3);
    model.putJson("/update-bound", "null").is(200);
    assertThat(model.json().has("update_bound")).isFalse();
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("update_bound").path("max_weight").asDouble()).isEqualTo(3);
    assertThat(record.path("total_weight").asDouble()).isEqualTo(4);
  }

  @Test
  void newRefusal_isOfUpdatesThatComeFromNowOn() {
    Model model = bounded("null", "{\"min_updates\": 3}");
    submit(model, 0, "a", 100, 2).is(201);
    submit(model, 0, "b", 1, 1000).is(201);
    String bound = "{\"max_norm\": 2, \"max_weight\": 2, \"action\": \"refuse\"}";
    model.putJson("/update-bound", bound).is(200);
    submit(model, 0, "a", 100, 2).is(200);
    submit(model, 0, "b", 1, 1000).is(200);
    submit(model, 0, "c", 100, 2).problem(422, "norm-exceeded");
    submit(model, 0, "c", 1, 3).problem(422, "bad-weight");
    submit(model, 0, "c", 1, 2).is(201);
    model.awaitVersion(1);
    assertThat(gradient(model, 1)).isCloseTo((200.0 + 1000 + 2) / 1004, within(1e-6));
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(client(record, "b").path("effective_weight").asDouble()).isEqualTo(1000);
  }

  @Test
  void boundThatCannotBe_changesNothing() {
    Model model = bounded("{\"max_norm\": 2}", "{}");
    model.putJson("/update-bound", "{}").problem(422, "bad-spec");
    model.putJson("/update-bound", "{\"max_norm\": -1}").problem(422, "bad-spec");
    model.putJson("/update-bound", "{\"most\": 1}").problem(422, "bad-spec");
    model.putJson("/update-bound", "3").problem(400, "malformed");
    model.putJson("/update-bound", "").problem(400, "malformed");
    model.putJson("/update-bound", "null null").problem(400, "malformed");
    model.putJson("/update-bound?x=1", "null").problem(400, "malformed");
    model.putOctets("/update-bound", new byte[3]).problem(415, "unsupported-format");
    Model.unborn().putJson("/update-bound", "null").problem(404, "model-not-found");
    assertThat(model.json("update_bound").path("max_norm").asDouble()).isEqualTo(2);
  }

  @Test
  void newRule_countsForTheOpenRoundsClose_andARecordKeepsTheRuleThatClosedIt() {
    Model model = bounded("null", "{\"min_updates\": 3}");
    submit(model, 0, "a", 100, 1).is(201);
    submit(model, 0, "b", 1, 1).is(201);
    JsonNode changed = model.putJson("/aggregator", "\"median\"").is(200).json();
    assertThat(changed.path("aggregator").path(0).asString()).isEqualTo("median");
    submit(model, 0, "c", 4, 1).is(201);
    model.awaitVersion(1);
    assertThat(gradient(model, 1)).isEqualTo(4);
    model.putJson("/aggregator", "[\"averaging\", {\"steps_weighted\": false}]").is(200);
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("aggregator").path(0).asString()).isEqualTo("median");
    assertThat(model.json("aggregator").path(1).path("steps_weighted").asBoolean()).isFalse();
  }

  @Test
  void ruleThatCannotBe_changesNothing() {
    Model model = bounded("null", "{\"min_updates\": 2}");
    JsonNode problem =
        model.putJson("/aggregator", "[\"krum\", {\"byzantine\": 0}]").problem(422, "bad-spec");
    assertThat(problem.path("detail").asString()).contains("aggregator").contains("min_updates");
    model.putJson("/aggregator", "\"mean\"").problem(422, "bad-spec");
    model.putJson("/aggregator", "null").problem(400, "malformed");
    model.putJson("/aggregator", "{}").problem(400, "malformed");
    assertThat(model.json("aggregator").path(0).asString()).isEqualTo("averaging");
  }
}
