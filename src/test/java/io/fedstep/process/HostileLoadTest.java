package io.fedstep.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.fedstep.bench.ProcessMemory;
import io.fedstep.security.Token;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/**
 * Two hundred clients at once, a fifth of which misbehave in every way there is, for ten seconds;
 * ten minutes with {@code -Plong}.
 */
@BesideOthers
class HostileLoadTest {
  private static final Duration TIME = Duration.ofSeconds(Boolean.getBoolean("long") ? 600 : 10);
  private static final int HONEST = 160;
  private static final int HOSTILE = 40;
  private static final int SIZE = 5000;
  private static final String MODEL = "/v1/models/load";
  private static final byte[] UPDATE = new byte[4 * SIZE];

  /** What the server may need beyond its heap and what else it had after a quarter of the time. */
  private static final double SLACK_MEGABYTES = 64;

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(20))
          .build();
  private final Map<String, Integer> answers = new ConcurrentHashMap<>();
  private volatile long end;

  private boolean goesOn() {
    return System.nanoTime() < end;
  }

  private static Path tokens(Path folder) throws IOException {
    var tokens = new ArrayList<Map<String, Object>>();
    tokens.add(
        Map.of("id", "op", "sha256", Token.sha256("op"), "role", "admin", "models", List.of("*")));
    for (int i = 0; i < HONEST + HOSTILE; i++) {
      String id = "client-" + i;
      tokens.add(
          Map.of(
              "id", id, "sha256", Token.sha256(id), "role", "client", "models", List.of("load")));
    }
    return Files.write(
        folder.resolve("tokens.json"),
        JsonMapper.shared().writeValueAsBytes(Map.of("tokens", tokens)));
  }

  private HttpResponse<byte[]> send(
      ChildServer server, String token, String method, String path, byte[] body, String... fields)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(server.uri(path))
            .timeout(Duration.ofSeconds(60))
            .header("Authorization", "Bearer " + token)
            .method(method, BodyPublishers.ofByteArray(body));
    for (int i = 0; i < fields.length; i += 2) {
      request.header(fields[i], fields[i + 1]);
    }
    HttpResponse<byte[]> response = http.send(request.build(), BodyHandlers.ofByteArray());
    count(response.statusCode());
    return response;
  }

  private void count(int status) {
    answers.merge(Integer.toString(status), 1, Integer::sum);
  }

  // --- the honest

  /** Takes part in every round; returns in how many. */
  private int takePart(ChildServer server, int number) throws IOException, InterruptedException {
    String id = "client-" + number;
    String tag = "";
    int taken = 0;
    while (goesOn()) {
      HttpResponse<byte[]> weights =
          send(server, id, "GET", MODEL + "/weights?wait=5s", new byte[0], "If-None-Match", tag);
      if (weights.statusCode() != 200) {
        assertThat(weights.statusCode()).isIn(304, 503);
        continue;
      }
      tag = weights.headers().firstValue("ETag").orElseThrow();
      String round = weights.headers().firstValue("Fedstep-Version").orElseThrow();
      String path = MODEL + "/rounds/" + round + "/updates/" + id;
      HttpResponse<byte[]> receipt =
          send(server, id, "PUT", path, UPDATE, "Content-Type", "application/octet-stream");
      while (receipt.statusCode() == 503 || receipt.statusCode() == 429) {
        assertThat(receipt.headers().firstValue("Retry-After")).isPresent();
        receipt = send(server, id, "PUT", path, UPDATE, "Content-Type", "application/octet-stream");
      }
      assertThat(receipt.statusCode()).as(new String(receipt.body(), UTF_8)).isEqualTo(201);
      taken++;
    }
    return taken;
  }

  // --- the hostile

  private static byte[] gzip(byte[] bytes) {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static final byte[] SPACES = filled(32 << 20, ' ');
  private static final byte[] GZIP_BOMB = gzip(SPACES);
  private static final byte[] ZSTD_BOMB = Zstd.compress(SPACES);

  private static byte[] filled(int length, char with) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) with);
    return bytes;
  }

  private int misbehave(ChildServer server, int number) throws InterruptedException {
    var random = new Random(number);
    int times = 0;
    for (; goesOn(); times++) {
      try {
        misbehave(server, "client-" + number, random, random.nextInt(20));
      } catch (IOException e) { // hung up on, as it should be
        answers.merge("hung up", 1, Integer::sum);
      }
      LockSupport.parkNanos(10_000_000);
    }
    return times;
  }

  private void misbehave(ChildServer server, String id, Random random, int way)
      throws IOException, InterruptedException {
    String round = Integer.toString(random.nextInt(5));
    String own = MODEL + "/rounds/" + round + "/updates/" + id;
    byte[] bytes = new byte[random.nextInt(30_000)];
    random.nextBytes(bytes);
    String octets = "application/octet-stream";
    String json = "application/json";
    switch (way) {
      case 0 -> put(server, id, own, bytes, octets);
      case 1 -> put(server, id, own, bytes, json);
      case 2 -> put(server, id, own, bytes, "application/x-npy");
      case 3 -> put(server, id, own, bytes, "application/x-safetensors");
      case 4 -> put(server, id, own, filled(20_000, '['), json);
      case 5 -> put(server, id, own, "{\"gradient\": [NaN]}".getBytes(UTF_8), json);
      case 6 -> put(server, id, own, filled(4 * SIZE, '\u00ff'), octets);
      case 7 -> put(server, id, MODEL + "/rounds/0/updates/client-1", UPDATE, octets);
      case 8 -> put(server, "guess-" + id, own, UPDATE, octets);
      case 9 -> put(server, id, own, GZIP_BOMB, json, "Content-Encoding", "gzip");
      case 10 -> put(server, id, own, ZSTD_BOMB, json, "Content-Encoding", "zstd");
      case 11 -> put(server, id, own, bytes, json, "Content-Encoding", "zstd");
      case 12 -> put(server, id, own + "?weight=-1&metric.x=NaN", UPDATE, octets);
      case 13 -> put(server, id, MODEL, bytes, json);
      case 14 ->
          raw(
              server,
              "PUT " + own + " HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n",
              bytes);
      case 15 -> raw(server, "GET / HTTP/9.9\r\n" + "X: y\r\n".repeat(5000), new byte[0]);
      case 16 -> hangUp(server, head(id, own), bytes);
      case 17 -> trickle(server, head(id, own), random);
      case 18 -> trickle(server, "PUT " + own + " HTTP/1.1\r\nHost: ", random);
      default -> {
        for (int i = 0; i < 100; i++) {
          send(server, id, "GET", MODEL + "/rounds/current", new byte[0]);
        }
      }
    }
  }

  private void put(
      ChildServer server, String token, String path, byte[] body, String type, String... more)
      throws IOException, InterruptedException {
    var fields = new ArrayList<>(List.of("Content-Type", type));
    fields.addAll(List.of(more));
    HttpResponse<byte[]> response =
        send(server, token, "PUT", path, body, fields.toArray(String[]::new));
    if (response.statusCode() >= 400) {
      assertThat(new String(response.body(), UTF_8))
          .contains("urn:fedstep:problem:")
          .doesNotContain("Exception")
          .doesNotContain("\tat ");
    }
  }

  private static String head(String id, String path) {
    return """
    PUT %s HTTP/1.1\r
    Host: localhost\r
    Authorization: Bearer %s\r
    Content-Type: application/octet-stream\r
    Content-Length: %s\r
    \r
    """
        .formatted(path, id, 4 * SIZE);
  }

  private static Socket connect(ChildServer server) throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(30_000);
    return socket;
  }

  private void raw(ChildServer server, String head, byte[] body) throws IOException {
    try (Socket socket = connect(server)) {
      socket.getOutputStream().write(head.getBytes(ISO_8859_1));
      socket.getOutputStream().write(body);
      byte[] line = socket.getInputStream().readNBytes("HTTP/1.1 400".length());
      if (line.length > 9) {
        count(Integer.parseInt(new String(line, 9, 3, ISO_8859_1)));
      }
    }
  }

  private static void hangUp(ChildServer server, String head, byte[] body) throws IOException {
    try (Socket socket = connect(server)) {
      socket.getOutputStream().write(head.getBytes(ISO_8859_1));
      socket.getOutputStream().write(body, 0, Math.min(body.length, 4 * SIZE - 1));
    }
  }

  /** A byte now and then, until nobody takes them any more. */
  private void trickle(ChildServer server, String head, Random random) throws IOException {
    try (Socket socket = connect(server)) {
      socket.getOutputStream().write(head.getBytes(ISO_8859_1));
      for (int i = 0; i < 100 && goesOn(); i++) {
        socket.getOutputStream().write(random.nextInt(26) + 'a');
        LockSupport.parkNanos(500_000_000);
      }
    }
  }

  // --- the test

  @Test
  void honestClients_areServed_whateverTheOthersDo(@TempDir Path folder) throws Exception {
    try (ChildServer server =
            ChildServer.start(
                folder.resolve("data"),
                "-Xmx256m",
                "-Xms256m",
                "-XX:+AlwaysPreTouch",
                "-Dfedstep.security.tokens-file=" + tokens(folder),
                "-Dfedstep.limits.head-time=5s");
        ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      String spec =
          """
          {"tensors": {"w": [%s]}, "optimizer": {"lrate": 1.0, "modules": []},
           "round": {"min_updates": %s}}\
          """
              .formatted(SIZE, HONEST);
      send(server, "op", "PUT", MODEL, spec.getBytes(UTF_8), "Content-Type", "application/json");
      end = System.nanoTime() + TIME.toNanos();
      var honest = new ArrayList<Future<Integer>>();
      var hostile = new ArrayList<Future<Integer>>();
      for (int i = 0; i < HONEST; i++) {
        int number = i;
        honest.add(clients.submit(() -> takePart(server, number)));
      }
      for (int i = HONEST; i < HONEST + HOSTILE; i++) {
        int number = i;
        hostile.add(clients.submit(() -> misbehave(server, number)));
      }
      LockSupport.parkNanos(TIME.dividedBy(4).toNanos());
      double early = ProcessMemory.of(server.pid()).anonymous();
      int most = 0;
      int least = Integer.MAX_VALUE;
      for (Future<Integer> one : honest) {
        most = Math.max(most, one.get());
        least = Math.min(least, one.get());
      }
      int times = 0;
      for (Future<Integer> one : hostile) {
        times += one.get();
      }
      double late = ProcessMemory.of(server.pid()).anonymous();
      String current = new String(send(server, "op", "GET", MODEL, new byte[0]).body(), UTF_8);
      System.out.printf(
          Locale.ROOT,
          "%s rounds of %s clients beside %s misdeeds: %s; anonymous memory %.0f, then %.0f MB%n",
          most,
          HONEST,
          times,
          answers,
          early,
          late);
      assertThat(least).as("rounds that all honest clients took part in").isPositive();
      assertThat(most - least).as("rounds that some of them missed").isLessThanOrEqualTo(1);
      assertThat(current).containsAnyOf("\"phase\":\"collecting\"", "\"phase\":\"closing\"");
      assertThat(times).isGreaterThan(HOSTILE);
      assertThat(answers.keySet()).doesNotContain("500", "501", "502", "504", "505");
      assertThat(late).isLessThan(early + SLACK_MEGABYTES);
    }
  }
}
