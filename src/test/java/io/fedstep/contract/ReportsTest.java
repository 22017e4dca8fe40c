package io.fedstep.contract;

import static io.fedstep.contract.Model.PLAIN;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** What clients measured of a version. */
class ReportsTest {
  private static Reply report(Model model, long version, String client, String json) {
    return model.putJson("/versions/%s/reports/%s".formatted(version, client), json);
  }

  private static JsonNode newest(Model model) {
    return model.get("/versions").is(200).json().path("versions").path(0);
  }

  @Test
  void means_areWeightedAndOfTheLastReports() {
    Model model = Model.create(PLAIN);
    report(model, 0, "alice", "{\"weight\": 9, \"metrics\": {\"accuracy\": 0.1}}").is(201);
    JsonNode kept =
        report(model, 0, "alice", "{\"weight\": 1, \"metrics\": {\"accuracy\": 0.5}}")
            .is(201)
            .json();
    assertThat(kept.path("version").asLong()).isZero();
    assertThat(kept.path("client").asString()).isEqualTo("alice");
    assertThat(kept.path("metrics").path("accuracy").asDouble()).isEqualTo(0.5);
    report(model, 0, "bob", "{\"weight\": 3, \"metrics\": {\"accuracy\": 0.75, \"loss\": 2}}")
        .is(201);
    JsonNode version = newest(model);
    assertThat(version.path("reports").asInt()).isEqualTo(2);
    assertThat(version.path("metrics").path("accuracy").asDouble()).isEqualTo(0.6875);
    assertThat(version.path("metrics").path("loss").asDouble()).isEqualTo(2);
    model.advance("[1, 2, 3]");
    assertThat(newest(model).path("reports").asInt()).isZero();
    report(model, 1, "carol", "{\"metrics\": {}}").is(201);
    assertThat(newest(model).path("reports").asInt()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "7 | {\"metrics\": {}} | 404 | version-not-found",
        "0 | {\"weight\": 0} | 422 | bad-weight",
        "0 | {\"metrics\": {\"a \": 1}} | 422 | bad-metric",
        "0 | {\"metrics\": {\"a\": NaN}} | 422 | bad-metric",
        "0 | {\"metrics\": {\"a\": \"1\"}} | 400 | malformed",
        "0 | {\"metrics\": 3} | 400 | malformed",
        "0 | {\"gradient\": [1, 2, 3]} | 400 | malformed",
        "0 | [] | 400 | malformed"
      })
  void reportThatCannotBe_isRefused(long version, String json, int status, String code) {
    Model model = Model.create(PLAIN);
    report(model, version, "alice", json).problem(status, code);
    assertThat(newest(model).path("reports").asInt()).isZero();
  }
}
