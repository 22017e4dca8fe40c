package io.fedstep.process;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What SIGTERM does to what is under way, and what the next start finds of it. */
@BesideOthers
class TerminationTest {
  private static final String SPEC =
      "{\"tensors\": {\"w\": [100]}, \"round\": {\"max_updates\": 9}}";
  private static final int BYTES = 400;

  private final HttpClient client = HttpClient.newHttpClient();

  private HttpResponse<String> send(ChildServer server, String method, String path, String body)
      throws IOException, InterruptedException {
    return client.send(request(server, method, path, body), BodyHandlers.ofString());
  }

  private static HttpRequest request(ChildServer server, String method, String path, String body) {
    return HttpRequest.newBuilder(server.uri(path))
        .header("Content-Type", "application/json")
        .method(method, BodyPublishers.ofString(body))
        .build();
  }

  private int putWhole(ChildServer server, String path) throws IOException, InterruptedException {
    var whole =
        HttpRequest.newBuilder(server.uri(path))
            .header("Content-Type", "application/octet-stream")
            .PUT(BodyPublishers.ofByteArray(new byte[BYTES]))
            .build();
    return client.send(whole, BodyHandlers.discarding()).statusCode();
  }

  /** An upload whose head the server has taken, and half of the body. */
  private static Socket halfAnUpload(ChildServer server, String name) throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(30_000);
    socket
        .getOutputStream()
        .write(
            """
            PUT /v1/models/toy/rounds/0/updates/%s HTTP/1.1\r
            Host: localhost\r
            Content-Type: application/octet-stream\r
            Content-Length: %s\r
            Expect: 100-continue\r
            \r
            """
                .formatted(name, BYTES)
                .getBytes(US_ASCII));
    assertThat(line(socket)).contains("100");
    assertThat(line(socket)).isBlank();
    socket.getOutputStream().write(new byte[BYTES / 2]);
    return socket;
  }

  private static String line(Socket socket) throws IOException {
    var line = new StringBuilder();
    for (int c = socket.getInputStream().read();
        c >= 0 && c != '\n';
        c = socket.getInputStream().read()) {
      line.append((char) c);
    }
    return line.toString();
  }

  @Test
  void sigterm_endsWhatIsUnderWay_andLosesNothing_inAnyLanguage(@TempDir Path data)
      throws IOException, InterruptedException {
    ChildServer server =
        ChildServer.start(data, "-Dspring.lifecycle.timeout-per-shutdown-phase=4s");
    try (server) {
      send(server, "PUT", "/v1/models/toy", SPEC);
      CompletableFuture<HttpResponse<String>> waiting =
          client.sendAsync(
              request(server, "GET", "/v1/models/toy/rounds/current?after=0&wait=60s", ""),
              BodyHandlers.ofString());
      try (Socket ending = halfAnUpload(server, "ending");
          Socket _ = halfAnUpload(server, "hanging")) {
        server.terminate();
        assertThat(waiting.join().statusCode()).as("a waiting client is answered").isEqualTo(204);
        ending.getOutputStream().write(new byte[BYTES / 2]);
        assertThat(line(ending)).as("an upload under way ends").contains("201");
        assertThat(server.awaitEnd()).as("exit status: ended by SIGTERM").isEqualTo(143);
      }
    }
    // in another language, which is not to decide what is found again
    try (ChildServer again = ChildServer.start(data, "-Duser.language=en", "-Duser.country=US")) {
      String updates = "/v1/models/toy/rounds/0/updates/";
      assertThat(send(again, "GET", updates + "ending", "").statusCode()).isEqualTo(200);
      assertThat(putWhole(again, updates + "ending"))
          .as("an update as it is there counts once")
          .isEqualTo(200);
      assertThat(send(again, "GET", updates + "hanging", "").statusCode()).isEqualTo(404);
      assertThat(send(again, "GET", "/v1/models/toy/rounds/current", "").body())
          .contains("\"updates\":1");
    }
  }
}
