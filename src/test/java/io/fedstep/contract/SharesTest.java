package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.github.luben.zstd.Zstd;
import io.fedstep.security.Token;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The share of each kind of place that one client may hold, reached; others have the rest. */
class SharesTest {
  private static final String SPEC =
      "{\"tensors\": {\"w\": [100]}, \"round\": {\"min_updates\": 50}}";
  private static final String LARGE = "/v1/models/large/weights";

  @TempDir private static Path data;
  private static Server server;

  @BeforeAll
  static void start() {
    var properties =
        new ArrayList<>(
            List.of(
                "fedstep.limits.waiting=4",
                "fedstep.limits.uploads=4",
                "fedstep.limits.uploads-per-client=3",
                "fedstep.limits.decoders=2",
                "fedstep.limits.heavy-answers=2",
                "fedstep.limits.kept-answers=0"));
    for (String id : List.of("alice", "bob", "admin", "watcher", "other")) {
      String token = "fedstep.security.tokens[%s].".formatted((properties.size() - 6) / 4);
      properties.add(token + "id=" + id);
      properties.add(token + "sha256=" + Token.sha256(id));
      properties.add(token + "role=" + role(id));
      properties.add(token + "models=*");
    }
    server = Server.start(data, properties.toArray(String[]::new));
    as("admin").putJson("/v1/models/one", SPEC).is(201);
    as("admin").putJson("/v1/models/large", "{\"tensors\": {\"w\": [4000000]}}").is(201);
  }

  private static String role(String id) {
    return switch (id) {
      case "admin" -> "admin";
      case "watcher", "other" -> "observer";
      default -> "client";
    };
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Http as(String id) {
    return server.http().as(id);
  }

  private static String token(String id) {
    return "Authorization: Bearer " + id;
  }

  private static void refusedForItsShare(Reply reply) {
    refusedForItsShare("alice", reply);
  }

  private static void refusedForItsShare(String id, Reply reply) {
    assertThat(reply.problem(429, "too-many-requests").path("detail").asString())
        .contains("'" + id + "'")
        .contains("fedstep.limits.share");
    assertThat(reply.header("Retry-After")).isNotEmpty();
  }

  @Test
  void waits() {
    String wait = "/v1/models/one/rounds/current?after=0&wait=";
    List<CompletableFuture<Reply>> waiting =
        Stream.generate(() -> as("alice").getLater(wait + "3s")).limit(3).toList();
    CompletableFuture.anyOf(waiting.toArray(CompletableFuture[]::new)).join();
    as("bob").get(wait + "1ms").is(204);
    List<Reply> replies = waiting.stream().map(CompletableFuture::join).toList();
    assertThat(replies).extracting(Reply::status).containsExactlyInAnyOrder(204, 204, 429);
    replies.stream().filter(reply -> reply.status() == 429).forEach(SharesTest::refusedForItsShare);
  }

  private static RawRequest following(String id) throws IOException {
    return new RawRequest(server.http())
        .send(
            "GET /v1/models/one/events HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n"
                .formatted(token(id)));
  }

  @Test
  void streams() throws IOException {
    try (var first = following("watcher");
        var second = following("watcher")) {
      first.awaitAnswer();
      second.awaitAnswer();
      refusedForItsShare("watcher", as("watcher").get("/v1/models/one/events"));
      try (var other = following("other")) {
        other.awaitAnswer();
      }
    }
  }

  /** A body that has begun, and is known to have. */
  private static RawRequest begun(String path, String... headers) throws IOException {
    var upload = new RawRequest(server.http());
    var all = new ArrayList<>(List.of("Expect: 100-continue", token("alice")));
    all.addAll(List.of(headers));
    upload.put(path, 400, all.toArray(String[]::new));
    upload.read().is(100);
    return upload;
  }

  @Test
  void bodies_ofUpdatesAndReportsTogether() throws IOException {
    String report = "/v1/models/one/versions/0/reports/alice";
    String update = "/v1/models/one/rounds/0/updates/";
    try (var first = begun(report, Http.JSON);
        var second = begun(update + "alice", Http.OCTETS)) {
      refusedForItsShare(as("alice").putJson(report, "{\"metrics\": {}}"));
      refusedForItsShare(as("alice").putOctets(update + "alice", new byte[400]));
      as("bob").putJson("/v1/models/one/versions/0/reports/bob", "{\"metrics\": {}}").is(201);
      as("bob").putOctets(update + "bob", new byte[400]).is(201);
      second.send(new byte[400]).read().is(201);
      first.send(new byte[400]).read().problem(400, "malformed");
    }
    as("alice").putJson(report, "{\"metrics\": {}}").is(201);
  }

  @Test
  void decoders() throws IOException {
    String report = "/v1/models/one/versions/0/reports/";
    byte[] body = Zstd.compress("{\"metrics\": {}}".getBytes(UTF_8));
    String coding = "Content-Encoding: zstd";
    try (var first = begun(report + "alice", Http.JSON, coding)) {
      first.send(new byte[] {body[0]});
      refusedForItsShare(as("alice").put(report + "alice", body, Http.JSON, coding));
      as("bob").put(report + "bob", body, Http.JSON, coding).is(201);
    }
  }

  private static Optional<InetAddress> ownAddress() throws IOException {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(one -> one instanceof Inet4Address && !one.isLoopbackAddress())
        .findFirst();
  }

  private static String statusOf(Socket connection) throws IOException {
    connection
        .getOutputStream()
        .write("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(UTF_8));
    return new String(connection.getInputStream().readNBytes(12), UTF_8);
  }

  @Test
  void connections_ofOneAddress(@TempDir Path folder) throws IOException {
    Optional<InetAddress> own = ownAddress();
    assumeThat(own).isPresent();
    try (Server everywhere =
        Server.start(
            folder,
            "server.address=0.0.0.0",
            "server.tomcat.remoteip.internal-proxies=192.0.2.1",
            "fedstep.security.insecure=true",
            "fedstep.limits.connections=40",
            "fedstep.limits.share=0.1")) {
      var open = new ArrayList<Socket>();
      try {
        for (int i = 0; i < 6; i++) {
          open.add(new Socket(own.orElseThrow(), everywhere.http().port()));
          assertThat(statusOf(open.getLast())).isEqualTo("HTTP/1.1 200");
          open.add(new Socket(InetAddress.getLoopbackAddress(), everywhere.http().port()));
        }
        String status = "";
        for (int i = 0; i < 500 && !status.endsWith("429"); i++) { // they are counted now and then
          LockSupport.parkNanos(20_000_000);
          try (var next = new Socket(own.orElseThrow(), everywhere.http().port())) {
            status = statusOf(next);
          }
        }
        assertThat(status).isEqualTo("HTTP/1.1 429");
        everywhere.http().get("/v1/models").is(200);
      } finally {
        for (Socket one : open) {
          one.close();
        }
      }
    }
  }

  private static RawRequest unread(String id) throws IOException {
    var request = new RawRequest(server.http());
    request.send(
        "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n%s\r\n\r\n"
            .formatted(LARGE, token(id)));
    request.awaitAnswer();
    return request;
  }

  @Test
  void answersThatAreComputed() throws IOException {
    try (var first = unread("alice")) {
      refusedForItsShare(as("alice").get(LARGE, Http.ACCEPT_JSON));
      refusedForItsShare(as("alice").get(LARGE, "Accept-Encoding: zstd"));
      as("alice").get(LARGE).is(200); // from the disk as it is
      as("alice").get("/v1/models/one/weights", Http.ACCEPT_JSON).is(200); // at once
      as("bob").get(LARGE, "Accept-Encoding: zstd").is(200);
    }
  }
}
