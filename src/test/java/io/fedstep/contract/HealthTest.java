package io.fedstep.contract;

import static io.fedstep.contract.Model.PLAIN;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.local.LocalCoordinator;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Unforced;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

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

  /** Leaves in a folder what a server would have that had made the models good and bad. */
  static void modelsWithABadOne(Path data) throws IOException {
    var limits = new Limits(1, 1, 10, 2, 1, 1, 1, 1);
    try (var before =
        new LocalCoordinator(
            new DataFolder(Unforced.disk(), data),
            limits,
            InstantSource.system(),
            () -> "0a1b2c3d",
            Listener.NONE)) {
      ObjectNode spec = Json.readObject(new ByteArrayInputStream(PLAIN.getBytes(UTF_8)));
      for (String model : List.of("good", "bad")) {
        before.create(model, SpecCodec.read(spec));
      }
    }
    Path head = data.resolve("models/bad/model.json");
    Files.writeString(head, Files.readString(head).replace("float32", "float64"));
  }

  @Test
  void modelThatCannotBeRead_isDegraded(@TempDir Path data) throws IOException {
    modelsWithABadOne(data);
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
    modelsWithABadOne(data);
    try (Server server = Server.start(data, "management.endpoint.health.show-details=always")) {
      assertThat(server.http().get(HEALTH).is(200).text()).contains("model.json");
    }
  }
}
