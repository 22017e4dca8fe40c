package io.fedstep.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A killed server takes its model up again, half a round and all, within seconds. */
@BesideOthers
class ReadyAgainTest {
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final int PARAMETERS = LONG ? 25_000_000 : 1_000_000;

  /** More than a start on an empty folder, on a quick machine. */
  private static final Duration MOST = Duration.ofSeconds(3);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @Test
  void killedServer_isReadySoon(@TempDir Path folder) throws Exception {
    Path data = folder.resolve("data");
    Duration start;
    Duration allowed;
    String receipt;
    try (ChildServer server = ChildServer.start(data)) {
      start = server.startTime();
      allowed = server.here(MOST);
      String spec =
          """
          {"tensors": {"w": [%s]}, "optimizer": {"lrate": 0.5, "modules": ["rmsprop"]},
           "round": {"min_updates": 2}}\
          """
              .formatted(PARAMETERS);
      put(server, "/v1/models/large", "application/json", BodyPublishers.ofString(spec));
      upload(server, 0, 0);
      upload(server, 0, 1);
      assertThat(get(server, "/v1/models/large/rounds/current?after=0&wait=60s"))
          .contains("\"round\":1,");
      upload(server, 1, 0);
      receipt = get(server, "/v1/models/large/rounds/1/updates/client-0");
      server.kill();
    }
    long begin = System.nanoTime();
    try (ChildServer server = ChildServer.start(data)) {
      assertThat(get(server, "/v1/models/large/rounds/1/updates/client-0")).isEqualTo(receipt);
      Duration taken = Duration.ofNanos(System.nanoTime() - begin);
      System.out.printf(
          "%s parameters: ready again %s ms after a kill, started with none in %s ms%n",
          PARAMETERS, taken.toMillis(), start.toMillis());
      assertThat(taken.minus(start)).isLessThan(allowed);
      upload(server, 1, 1);
      assertThat(get(server, "/v1/models/large/rounds/current?after=1&wait=60s"))
          .contains("\"round\":2,");
    }
  }

  private void upload(ChildServer server, int round, int client)
      throws IOException, InterruptedException {
    var body =
        BodyPublishers.fromPublisher(
            BodyPublishers.ofInputStream(() -> new CoarseFloats(client, PARAMETERS)),
            4L * PARAMETERS);
    String path = "/v1/models/large/rounds/%s/updates/client-%s?weight=1".formatted(round, client);
    put(server, path, "application/octet-stream", body);
  }

  private void put(ChildServer server, String path, String type, BodyPublisher body)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(server.uri(path)).header("Content-Type", type).PUT(body).build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
  }

  private String get(ChildServer server, String path) throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(server.uri(path)).build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }
}
