package io.fedstep.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The audit log in files of its own. */
@BesideOthers
class AuditFileTest {
  @Test
  void changes_areJsonWithFields_inAFileOfTheirOwn(@TempDir Path folder) throws Exception {
    Path audit = folder.resolve("audit");
    try (var server =
            ChildServer.start(
                folder.resolve("data"),
                "-Dlogging.config=classpath:logback-audit.xml",
                "-Dlogging.audit.folder=" + audit);
        var client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(server.uri("/v1/models/toy"))
              .header("Content-Type", "application/json")
              .PUT(BodyPublishers.ofString("{\"tensors\": {\"w\": [3]}}"))
              .build();
      assertThat(client.send(request, BodyHandlers.discarding()).statusCode()).isEqualTo(201);
    }
    List<String> lines = Files.readAllLines(audit.resolve("audit.json"));
    assertThat(lines).hasSize(1);
    JsonNode line = new JsonMapper().readTree(lines.getFirst());
    assertThat(line.at("/log/logger").asString()).isEqualTo("io.fedstep.audit");
    assertThat(line.at("/event/action").asString()).isEqualTo("changed");
    assertThat(line.at("/event/outcome").asString()).isEqualTo("success");
    assertThat(line.at("/http/response/status_code").asInt()).isEqualTo(201);
    assertThat(line.at("/url/path").asString()).isEqualTo("/v1/models/toy");
    assertThat(line.at("/user/roles").asString()).isEqualTo("-");
  }
}
