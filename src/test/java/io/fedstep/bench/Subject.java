package io.fedstep.bench;

import io.fedstep.process.ChildServer;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The server under test: a process with a heap of 512 MB, and an empty folder on a real disk. */
final class Subject implements AutoCloseable {
  private static final JsonMapper MAPPER = new JsonMapper();

  private final Path data;
  private final ChildServer server;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  Subject(Bench bench, String... options) throws IOException {
    Files.createDirectories(bench.folder());
    data = Files.createTempDirectory(bench.folder(), "data");
    var all = new ArrayList<>(List.of("-Xmx512m", "-Dfedstep.keep-versions=2"));
    all.addAll(List.of(options));
    String more = System.getProperty("bench.jvm", ""); // a profiler, for example
    if (!more.isEmpty()) {
      all.addAll(List.of(more.split(" ")));
    }
    server = ChildServer.start(data, all.toArray(String[]::new));
  }

  int port() {
    return server.uri("/").getPort();
  }

  long pid() {
    return server.pid();
  }

  /** A model of one float32 tensor with RMSProp. */
  void create(String model, int size, int minUpdates, int maxUpdates) throws Exception {
    String spec =
        """
        {"tensors": {"w": [%d]}, "optimizer": {"lrate": 0.01, "modules": ["rmsprop"]},
         "round": {"min_updates": %d, "max_updates": %d}}\
        """
            .formatted(size, minUpdates, maxUpdates);
    send("PUT", "/v1/models/" + model, spec, 201);
  }

  /** Closes the round of a model; returns its record. */
  JsonNode close(String model) throws Exception {
    return send("POST", "/v1/models/%s/rounds/current/close".formatted(model), "", 200);
  }

  JsonNode get(String path) throws Exception {
    return send("GET", path, "", 200);
  }

  void delete(String model) throws Exception {
    send("DELETE", "/v1/models/" + model, "", 204);
  }

  private JsonNode send(String method, String path, String body, int expected) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(server.uri(path))
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body))
            .build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    if (answer.statusCode() != expected) {
      throw new IllegalStateException(method + " " + path + ": " + answer.body());
    }
    return answer.body().isEmpty() ? MAPPER.missingNode() : MAPPER.readTree(answer.body());
  }

  /** Where the updates of a model's open round are. */
  Path updates(String model) throws IOException {
    try (Stream<Path> files = Files.walk(data.resolve("models").resolve(model))) {
      return files.filter(file -> file.endsWith("updates.bin")).findFirst().orElseThrow();
    }
  }

  @Override
  public void close() throws IOException {
    http.shutdownNow();
    server.close();
    FileSystemUtils.deleteRecursively(data);
  }
}
