package io.fedstep.bench;

import io.fedstep.process.ChildServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The server under test: a process with a heap of 512 MB, and an empty folder on a real disk. */
final class Subject implements AutoCloseable {
  private static final JsonMapper MAPPER = new JsonMapper();

  private static final Path JAR = Path.of("target", "fedstep.jar");

  private final ChildServer server;
  private final @Nullable Path passing;
  private final boolean borrowed;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private Subject(ChildServer server, @Nullable Path passing, boolean borrowed) {
    this.server = server;
    this.passing = passing;
    this.borrowed = borrowed;
  }

  /** One that can also drop what it gets, on an empty folder that goes with it. */
  static Subject start(Bench bench) throws IOException {
    Path data = newFolder(bench);
    String[] options = options(bench, List.of(Drain.ON, "-Dfedstep.keep-versions=2"));
    return new Subject(
        bench.isTried() ? ChildServer.start(data, options) : ChildServer.startFast(data, options),
        data,
        false);
  }

  /**
   * One as users start it, if it is measured: from the jar if that was built, on a folder that
   * stays.
   */
  static Subject start(Bench bench, Path data) {
    String[] options = options(bench, List.of());
    ChildServer server =
        bench.isTried()
            ? ChildServer.start(data, options)
            : Files.exists(JAR)
                ? ChildServer.startJar(JAR, data, options)
                : ChildServer.startFast(data, options);
    return new Subject(server, null, false);
  }

  /** One as the image starts it, by the script of an archive, on a folder that stays. */
  static Subject startScript(Bench bench, Path script, Path data) {
    return new Subject(
        ChildServer.startScript(script, data, options(bench, List.of())), null, false);
  }

  /** The same server, which goes on when this is closed. */
  Subject borrowed() {
    return new Subject(server, passing, true);
  }

  static Path newFolder(Bench bench) throws IOException {
    Files.createDirectories(bench.folder());
    return Files.createTempDirectory(bench.folder(), "data");
  }

  private static String[] options(Bench bench, List<String> more) {
    var all = new ArrayList<>(List.of("-Xmx512m"));
    all.addAll(more);
    all.addAll(bench.jvm());
    return all.toArray(String[]::new);
  }

  int port() {
    return server.uri("/").getPort();
  }

  ProcessMemory memory() throws IOException {
    return ProcessMemory.of(server.pid());
  }

  /** Asks until it says that it is ready. */
  Subject awaitReady() throws Exception {
    URI readiness = server.uri("/actuator/health/readiness");
    HttpRequest request = HttpRequest.newBuilder(readiness).build();
    while (http.send(request, BodyHandlers.discarding()).statusCode() != 200) {
      Thread.onSpinWait();
    }
    return this;
  }

  /** A model of one float32 tensor with RMSProp. */
  void create(String model, int size, int minUpdates, int maxUpdates) throws Exception {
    create(model, size, minUpdates, maxUpdates, "");
  }

  /** The same with exact noise. */
  void createPrivate(String model, int size, int updates, double clip, double multiplier)
      throws Exception {
    String privacy =
        """
        "aggregator": ["averaging", {"steps_weighted": false}],
        "privacy": {"clip_norm": %s, "noise_multiplier": %s, "delta": 1e-6},\
        """
            .formatted(Double.toString(clip), Double.toString(multiplier));
    create(model, size, updates, updates + 1, privacy);
  }

  /** The same with the controls of SCAFFOLD. */
  void createWithControls(String model, int size, int updates) throws Exception {
    String spec =
        """
        {"tensors": {"w": [%s]},
         "optimizer": {"lrate": 0.01, "modules": ["scaffold-server", "rmsprop"]},
         "aggregator": ["averaging", {"steps_weighted": false}],
         "round": {"min_updates": %s, "max_updates": %s}}\
        """
            .formatted(size, updates, updates + 1);
    send("PUT", "/v1/models/" + model, spec, 201);
  }

  /** The same whose clients mask their updates, in words of 32 bits. */
  void createSecure(String model, int size, int minUpdates, int maxUpdates) throws Exception {
    String spec =
        """
        {"tensors": {"w": [%s]}, "optimizer": {"lrate": 0.01, "modules": ["rmsprop"]},
         "aggregator": ["averaging", {"steps_weighted": false}],
         "round": {"min_updates": %s, "max_updates": %s, "timeout": "1h"},
         "secure": {"threshold": 0.5, "clip": 8, "bits": 32, "join_timeout": "1h",
                    "share_timeout": "1h", "unmask_timeout": "1h"}}\
        """
            .formatted(size, minUpdates, maxUpdates);
    send("PUT", "/v1/models/" + model, spec, 201);
  }

  private void create(String model, int size, int minUpdates, int maxUpdates, String more)
      throws Exception {
    String spec =
        """
        {"tensors": {"w": [%s]}, "optimizer": {"lrate": 0.01, "modules": ["rmsprop"]}, %s
         "round": {"min_updates": %s, "max_updates": %s}}\
        """
            .formatted(size, more, minUpdates, maxUpdates);
    send("PUT", "/v1/models/" + model, spec, 201);
  }

  /** Has rounds of four clients and a model of 64 KiB. */
  void run(int rounds) throws Exception {
    int clients = 4;
    var gradients = new Gradients(16 * 1024);
    create("small", gradients.size(), clients, clients + 1);
    try (var crowd = new Crowd(port(), clients)) {
      for (int round = 0; round < rounds; round++) {
        crowd.update("small", round, clients, gradients);
        close("small");
        crowd.seconds(
            clients, (connection, _) -> connection.get("/v1/models/small/weights").is(200));
      }
    }
  }

  /** Closes the round of a model; returns its record. */
  JsonNode close(String model) throws Exception {
    return send("POST", "/v1/models/%s/rounds/current/close".formatted(model), "", 200);
  }

  /** Waits until a round is open, by one request. */
  void awaitRound(String model, int round) throws Exception {
    var _ =
        get("/v1/models/%s/rounds/current?after=%s&wait=60s"
                .formatted(model, Integer.toString(round - 1)))
            .required("round");
  }

  JsonNode put(String path, String body, int expected) throws Exception {
    return send("PUT", path, body, expected);
  }

  JsonNode get(String path) throws Exception {
    return send("GET", path, "", 200);
  }

  /** What a GET brings, whole. */
  byte[] bytes(String path) throws Exception {
    var request = HttpRequest.newBuilder(server.uri(path)).build();
    HttpResponse<byte[]> answer = http.send(request, BodyHandlers.ofByteArray());
    if (answer.statusCode() != 200) {
      throw new IllegalStateException("%s: %s".formatted(path, answer.statusCode()));
    }
    return answer.body();
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
    Path folder = Objects.requireNonNull(passing).resolve("models").resolve(model);
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.endsWith("updates.bin")).findFirst().orElseThrow();
    }
  }

  @Override
  public void close() throws IOException {
    http.shutdownNow();
    if (!borrowed) {
      server.close();
      if (passing != null) {
        FileSystemUtils.deleteRecursively(passing);
      }
    }
  }
}
