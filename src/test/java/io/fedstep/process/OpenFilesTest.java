package io.fedstep.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Where no more files can be opened, updates are to be tried again, and no model stops. */
@BesideOthers
@EnabledOnOs(OS.LINUX)
class OpenFilesTest {
  private static final int MOST_FILES = 400;
  private static final int MOST_TRIES = 10_000;
  private static final String ROUND = "/v1/models/toy/rounds/0/updates/";

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private ChildServer server;

  private HttpResponse<String> send(String method, String path, String body) throws Exception {
    return http.send(
        HttpRequest.newBuilder(server.uri(path))
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private HttpResponse<String> update(int client) throws Exception {
    return send("PUT", ROUND + "c" + client, "{\"gradient\": [1, 2]}");
  }

  private int files() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/" + server.pid() + "/fd"))) {
      return (int) open.count();
    }
  }

  @Test
  void updates_whenNoMoreFilesCanBeOpened_areToBeTriedAgain(@TempDir Path data) throws Exception {
    List<Socket> idle = new ArrayList<>();
    try (var started =
        ChildServer.startWithFiles(
            MOST_FILES, data, "-Xmx64m", "-Dfedstep.limits.connections=10000")) {
      server = started;
      String spec =
          "{\"tensors\": {\"w\": [2]}, \"round\": {\"min_updates\": %s}}".formatted(2 * MOST_TRIES);
      assertThat(send("PUT", "/v1/models/toy", spec).statusCode()).isEqualTo(201);
      // both kinds of answer once: a class that is missing then can no more be loaded without files
      assertThat(update(0).statusCode()).isEqualTo(201);
      assertThat(send("GET", ROUND + "c1", "").statusCode()).isEqualTo(404);

      for (int rest = MOST_FILES - files() + 10; rest > 0; rest--) {
        idle.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
      }
      int accepted = 1;
      HttpResponse<String> answer = update(accepted);
      for (; answer.statusCode() == 201 && accepted < MOST_TRIES; answer = update(accepted)) {
        accepted++;
      }
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
      assertThat(answer.body()).contains("\"code\":\"not-ready\"");
      assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");

      for (Socket socket : idle) {
        socket.close();
      }
      for (int tries = 0; answer.statusCode() == 503 && tries < MOST_TRIES; tries++) {
        answer = update(accepted);
      }
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
      assertThat(send("GET", "/v1/models/toy/rounds/current", "").body())
          .contains("\"phase\":\"collecting\"", "\"updates\":" + (accepted + 1));
    }
  }
}
