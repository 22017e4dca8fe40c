package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.security.Token;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each limit of {@code fedstep.limits}, reached. */
class LimitsTest {
  private static final String SPEC =
      "{\"tensors\": {\"w\": [100]}, \"round\": {\"min_updates\": 50}}";
  private static final int CONNECTIONS = 10;
  private static final String LIVENESS = "/actuator/health/liveness";

  @TempDir private static Path data;
  private static Server server;

  @BeforeAll
  static void start() {
    server =
        Server.start(
            data,
            "fedstep.limits.connections=" + CONNECTIONS,
            "fedstep.limits.waiting=3",
            "fedstep.limits.uploads=4",
            "fedstep.limits.uploads-per-client=2",
            "fedstep.limits.paused-uploads=1",
            "fedstep.limits.models=2",
            "fedstep.limits.least-upload-rate=10KB",
            "fedstep.limits.head-time=3s",
            "fedstep.limits.drop-time=3s",
            "server.tomcat.max-swallow-size=1MB",
            "server.max-http-request-header-size=4KB",
            "server.forward-headers-strategy=native");
    http().putJson("/v1/models/one", SPEC).is(201);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Http http() {
    return server.http();
  }

  private static String update(String client) {
    return "/v1/models/one/rounds/0/updates/" + client;
  }

  /** An upload that has begun, and is known to have. */
  private static RawRequest begun(String client) throws IOException {
    var upload = new RawRequest(http());
    upload.put(update(client), 400, Http.OCTETS, "Expect: 100-continue");
    upload.read().is(100);
    return upload;
  }

  @Test
  void models() {
    http().putJson("/v1/models/two", SPEC).is(201);
    Reply third = http().putJson("/v1/models/three", SPEC);
    third.problem(429, "too-many-requests");
    assertThat(third.header("Retry-After")).isEqualTo("60");
    http().putJson("/v1/models/two", SPEC).is(200);
    http().delete("/v1/models/two").is(204);
  }

  @Test
  void uploadsOfOneClient_andOfAll() throws IOException {
    try (var a1 = begun("a");
        var a2 = begun("a")) {
      Reply third = http().putOctets(update("a"), new byte[400]);
      assertThat(third.problem(429, "too-many-requests").path("detail").asString())
          .contains("uploads-per-client");
      assertThat(third.header("Retry-After")).isEqualTo("1");
      try (var b1 = begun("b");
          var c1 = begun("c")) {
        assertThat(
                http()
                    .putOctets(update("d"), new byte[400])
                    .problem(429, "too-many-requests")
                    .path("detail")
                    .asString())
            .contains("fedstep.limits.uploads)");
        b1.send(new byte[400]).read().is(201);
        c1.send(new byte[400]).read().is(201);
      }
      a1.send(new byte[400]).read().is(201);
      a2.send(new byte[400]).read().is(200);
    }
    http().putOctets(update("a"), new byte[400]).is(200);
  }

  /** At once, for each takes some seconds. */
  @Test
  void slowHead_isHungUp_slowBodies_areGivenUp_andHoldNoPlace() throws IOException {
    String[] begins = {Http.OCTETS, "Upload-Complete: ?0", "Upload-Length: 400"};
    String paused = http().put(update("paused"), new byte[0], begins).is(201).header("Location");
    try (var head = slowHead();
        var patch = new RawRequest(http());
        var upload = new RawRequest(http())) {
      patch
          .send(
              "PATCH %s HTTP/1.1\r\nHost: localhost\r\n".formatted(paused)
                  + "Content-Type: application/partial-upload\r\nUpload-Offset: 0\r\n"
                  + "Upload-Complete: ?1\r\nContent-Length: 400\r\n\r\n")
          .send(new byte[100]);
      upload.put(update("slow"), 400, Http.OCTETS).send(new byte[40]);
      Thread.startVirtualThread(() -> trickle(patch));
      Thread.startVirtualThread(() -> trickle(upload));
      Reply whole = upload.read();
      whole.problem(408, "too-slow");
      assertThat(whole.header("Retry-After")).isEqualTo("1");
      Reply part = patch.read();
      part.problem(408, "too-slow");
      assertThat(Integer.parseInt(part.header("Upload-Offset")))
          .as("bytes that came too slowly count")
          .isBetween(100, 399);
      assertThat(part.header("Upload-Complete")).isEqualTo("?0");
      assertThat(head.isClosedByPeer()).isTrue();
    }
    Reply second = http().put(update("other"), new byte[0], begins);
    assertThat(second.problem(429, "too-many-requests").path("detail").asString())
        .contains("fedstep.limits.paused-uploads");
    http().delete(paused).is(204);
    http()
        .delete(http().put(update("other"), new byte[0], begins).is(201).header("Location"))
        .is(204);
    try (var one = begun("slow");
        var two = begun("slow")) {
      one.send(new byte[400]).read().is(201);
      two.send(new byte[400]).read().is(200);
    }
  }

  @Test
  void waitingClients() {
    String wait = "/v1/models/one/rounds/current?after=0&wait=2s";
    var waiting = new ArrayList<CompletableFuture<Reply>>();
    for (int i = 0; i < 5; i++) {
      waiting.add(http().getLater(wait));
    }
    List<Reply> replies = waiting.stream().map(CompletableFuture::join).toList();
    List<Reply> refused = replies.stream().filter(reply -> reply.status() == 503).toList();
    assertThat(refused).hasSize(2);
    refused.getFirst().problem(503, "not-ready");
    assertThat(refused.getFirst().header("Retry-After")).isEqualTo("5");
    assertThat(replies).filteredOn(reply -> reply.status() == 204).hasSize(3);
  }

  private static RawRequest asking(String line) throws IOException {
    return new RawRequest(http()).send(line + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }

  /** As many as there may be, each with a request under way, and a few beyond. */
  private static List<RawRequest> busy() throws IOException {
    var open = new ArrayList<RawRequest>();
    for (int i = 0; i < CONNECTIONS + 2; i++) {
      // refused, and asked for more of its body
      var one = new RawRequest(http());
      one.put(update("-"), 1 << 20, Http.OCTETS, "X-Number: " + i);
      one.awaitAnswer();
      open.add(one);
    }
    return open;
  }

  private static void close(List<RawRequest> open) throws IOException {
    for (RawRequest one : open) {
      one.close();
    }
  }

  @Test
  void waitingClients_ofOneAddress() {
    String wait = "/v1/models/one/rounds/current?after=0&wait=";
    String far = "X-Forwarded-For: 203.0.113.7";
    List<CompletableFuture<Reply>> waiting =
        Stream.generate(() -> http().getLater(wait + "2s", far)).limit(2).toList();
    CompletableFuture.anyOf(waiting.toArray(CompletableFuture[]::new)).join();
    http().get(wait + "1ms", "X-Forwarded-For: 203.0.113.8").is(204);
    List<Reply> replies = waiting.stream().map(CompletableFuture::join).toList();
    assertThat(replies).extracting(Reply::status).containsExactlyInAnyOrder(204, 429);
    for (Reply refused : replies) {
      if (refused.status() == 429) {
        assertThat(refused.problem(429, "too-many-requests").path("detail").asString())
            .contains("1 clients wait here already for '203.0.113.7'");
      }
    }
  }

  @Test
  void connections() throws IOException {
    List<RawRequest> open = busy();
    try {
      Reply last = open.getLast().read();
      last.problem(503, "not-ready");
      assertThat(last.header("Retry-After")).isEqualTo("2");
      assertThat(last.header("Connection")).isEqualTo("close");
      for (String probe : List.of(LIVENESS, "/actuator/health/readiness")) {
        try (var over = asking("GET " + probe)) {
          assertThat(over.read().is(200).header("Connection")).isEqualTo("close");
          assertThat(over.isClosedByPeer()).isTrue();
        }
      }
    } finally {
      close(open);
    }
  }

  /** Heads of which the container reads no method, no path or no fields. */
  private static final List<String> NO_HTTP =
      List.of(
          "G(T /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n",
          "(\r\n\r\n",
          "GET\r\n\r\n",
          "PATCH /v1/models/a|b HTTP/1.1\r\nHost: localhost\r\n\r\n",
          "PATCH /v1/models/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
          "PATCH * HTTP/1.1\r\nHost: localhost\r\n\r\n",
          "PUT /v1/models/a\"b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
          "GET /../actuator/health/liveness HTTP/1.1\r\nHost: localhost\r\n\r\n",
          "GET /actuator/health/liveness?a={} HTTP/1.1\r\nHost: localhost\r\n\r\n",
          "GET /v1/models?%zz HTTP/1.1\r\n: a\r\n\r\n",
          "GET /v1/models HTTP/1.1\r\n\r\n",
          "GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n");

  @Test
  void requestThatIsNoHttp_isMalformed_howeverManyConnectionsThereAre() throws IOException {
    List<RawRequest> open = busy();
    try {
      for (String request : NO_HTTP) {
        isMalformed(request);
      }
      open.getLast().read().problem(503, "not-ready");
    } finally {
      close(open);
    }
    awaitRoom();
    for (String request : NO_HTTP) {
      isMalformed(request);
    }
  }

  private static void isMalformed(String request) throws IOException {
    try (var raw = new RawRequest(http()).send(request)) {
      Reply reply = raw.read();
      assertThat(reply.status()).as(request).isEqualTo(400);
      reply.problem(400, "malformed");
    }
  }

  /** Waits until the server has noticed that connections of a test before were closed. */
  private void awaitRoom() throws IOException {
    Reply reply;
    do {
      try (var one = asking("GET /v1/models")) {
        reply = one.read();
      }
    } while (reply.status() == 503);
  }

  @Test
  @Timeout(20)
  void connectionThatIsIdleLongest_givesWay() throws IOException {
    awaitRoom();
    var open = new ArrayList<RawRequest>();
    try {
      for (int i = 0; i < 3 * CONNECTIONS; i++) {
        open.add(asking("GET /v1/models"));
        assertThat(open.getLast().read().is(200).header("Connection")).isEmpty();
      }
      assertThat(open.getFirst().isClosedByPeer()).isTrue();
      open.getLast().send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n").read().is(200);
    } finally {
      close(open);
    }
  }

  @Test
  void refusedBody_isDroppedForSoLongAndNoMore() throws IOException {
    String path = "/v1/models/none/rounds/0/updates/a";
    try (var moderate = new RawRequest(http())) {
      moderate.put(path, 1_000_000, Http.OCTETS).send('x', 1_000_000);
      moderate.read().problem(404, "model-not-found");
      moderate.put(path, 3, Http.OCTETS).send("abc").read().problem(404, "model-not-found");
    }
    try (var slow = new RawRequest(http())) {
      slow.put(path, 1_000_000, Http.OCTETS).send(new byte[100_000]);
      slow.read().problem(404, "model-not-found");
      assertThat(slow.isClosedByPeer()).isTrue();
    }
    try (var endless = new RawRequest(http())) {
      endless.put(path, 1L << 40, Http.OCTETS);
      assertThatThrownBy(() -> endless.send('x', 1L << 40)).isInstanceOf(IOException.class);
    }
  }

  /** A byte now and then, until nobody takes them any more. */
  private static void trickle(RawRequest upload) {
    try {
      for (int i = 0; i < 300; i++) {
        upload.send(new byte[1]);
        java.util.concurrent.locks.LockSupport.parkNanos(200_000_000);
      }
    } catch (IOException e) {
      // closed
    }
  }

  private static RawRequest slowHead() throws IOException {
    return new RawRequest(http()).send("GET /v1/models HTTP/1.1\r\nHost: loc");
  }

  @Test
  void connectionThatWaitedForADownload_isKept() throws IOException {
    String model = "/v1/models/large";
    http().putJson(model, "{\"tensors\": {\"w\": [4000000]}}").is(201);
    try (var client = new RawRequest(http())) {
      String tag = http().get(model + "/weights").is(200).header("ETag");
      String get =
          "GET %s/weights?wait=30s HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: %s\r\n\r\n"
              .formatted(model, tag);
      client.send(get);
      http().putOctets(model + "/rounds/0/updates/a", new byte[16_000_000]).is(201);
      client.awaitAnswer();
      client.read().is(200);
      try (var slow = slowHead()) {
        assertThat(slow.isClosedByPeer()).as("every connection has been looked at").isTrue();
      }
      client.send(get).read().is(200);
    } finally {
      http().delete(model).is(204);
    }
  }

  @Test
  void header() {
    http().get("/v1/models", "X-Long: " + "x".repeat(5000)).problem(400, "malformed");
    http().get("/v1/models?" + "x".repeat(5000)).problem(400, "malformed");
  }

  @Test
  void requestsOfOneAddress(@TempDir Path folder) {
    try (Server asking =
        Server.start(
            folder,
            "fedstep.limits.requests-per-second=5",
            "server.forward-headers-strategy=native",
            "server.tomcat.remoteip.internal-proxies=10.0.0.0/8",
            "fedstep.security.tokens[0].id=alice",
            "fedstep.security.tokens[0].sha256=" + Token.sha256("alice"),
            "fedstep.security.tokens[0].role=client",
            "fedstep.security.tokens[0].models=*")) {
      Http alice = asking.http().as("alice");
      Reply reply = alice.get("/v1/models").is(200);
      for (int i = 0; i < 1000 && reply.status() == 200; i++) {
        reply = alice.get("/v1/models");
      }
      reply.problem(429, "too-many-requests");
      assertThat(reply.header("Retry-After")).isEqualTo("1");
      Reply guess = asking.http().as("guess").get("/v1/models").is(401);
      for (int i = 0; i < 1000 && guess.status() == 401; i++) {
        guess = asking.http().as("guess").get("/v1/models", "X-Forwarded-For: 10.1.0." + i % 250);
      }
      guess.problem(429, "too-many-requests");
    }
  }
}
