package io.fedstep.contract;

import static io.fedstep.contract.Model.PLAIN;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Health: a model that cannot be read is named, and takes nothing from the server. */
class HealthTest {
  private static final String HEALTH = "/actuator/health";

  @Test
  void health_isUpWithItsProbes() {
    Http http = Server.shared().http();
    JsonNode health = http.get(HEALTH).is(200).json();
    assertThat(health.path("status").asString()).isEqualTo("UP");
    assertThat(health.path("components").has("models")).isFalse();
    for (String probe : new String[] {"/liveness", "/readiness"}) {
      assertThat(http.get(HEALTH + probe).is(200).json().path("status").asString()).isEqualTo("UP");
    }
  }

  @Test
  void modelThatCannotBeRead_isDegraded(@TempDir Path data) throws IOException {
    try (Server server = Server.start(data)) {
      server.http().putJson("/v1/models/good", PLAIN).is(201);
      server.http().putJson("/v1/models/bad", PLAIN).is(201);
    }
    Path head = data.resolve("models/bad/model.json");
    Files.writeString(head, Files.readString(head).replace("float32", "float64"));

    try (Server server = Server.start(data)) {
      Http http = server.http();
      JsonNode health = http.get(HEALTH).is(200).json();
      assertThat(health.path("status").asString()).isEqualTo("DEGRADED");
      JsonNode models = health.path("components").path("models");
      assertThat(models.path("components").propertyNames()).containsExactly("bad");
      JsonNode bad = models.path("components").path("bad");
      assertThat(bad.path("status").asString()).isEqualTo("DEGRADED");
      assertThat(bad.has("details")).isFalse();
      for (String probe : new String[] {"/liveness", "/readiness"}) {
        assertThat(http.get(HEALTH + probe).is(200).text()).contains("UP").doesNotContain("bad");
      }
      http.get("/v1/models/good/weights").is(200);
      http.get("/v1/models/bad/weights").problem(503, "model-failed");

      Scrape scrape = Scrape.of(http);
      assertThat(scrape.samples())
          .containsEntry("fedstep_model_failed{model=\"bad\"}", 1.0)
          .containsEntry("fedstep_model_failed{model=\"good\"}", 0.0)
          .doesNotContainKey("fedstep_round{model=\"bad\"}");

      http.delete("/v1/models/bad").is(204);
      assertThat(http.get(HEALTH).json().path("status").asString()).isEqualTo("UP");
      assertThat(Scrape.of(http).samples())
          .doesNotContainKey("fedstep_model_failed{model=\"bad\"}");
    }
  }

  @Test
  void whyAModelFailed_isShownWithDetails(@TempDir Path data) throws IOException {
    try (Server server = Server.start(data)) {
      server.http().putJson("/v1/models/bad", PLAIN).is(201);
    }
    Path head = data.resolve("models/bad/model.json");
    Files.writeString(head, Files.readString(head).replace("float32", "float64"));
    try (Server server = Server.start(data, "management.endpoint.health.show-details=always")) {
      assertThat(server.http().get(HEALTH).is(200).text()).contains("model.json");
    }
  }
}
