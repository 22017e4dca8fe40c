package io.fedstep.process;

import static io.fedstep.process.ChildCluster.JSON;
import static io.fedstep.process.ChildCluster.OCTETS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Fedsteps with three brokers give what one machine gives, to the last bit, whichever of them is
 * asked.
 */
@BesideOthers
@Order(1)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ClusterTest {
  private static final int LAST = Integer.MAX_VALUE;
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final int CLIENTS = 5;
  private static final int ROUNDS = 3;
  private static final int NODES = LONG ? 3 : 2;

  /** Some ranges, a tensor across their bounds, and a last tile that is not full. */
  private static final String TENSORS = "{\"a\": [3], \"b\": [300, 331], \"c\": []}";

  private static final int SIZE = 3 + 300 * 331 + 1;

  /** What the clock or chance has put into a record. */
  private static final List<String> OF_ONE_SERVER =
      List.of("base", "opened_at", "closed_at", "ended_at", "received_at");

  private static final Map<String, String> RULES =
      Map.of(
          "rmsprop",
          "\"optimizer\": {\"lrate\": 0.05, \"w_decay\": 0.01, \"modules\": [\"rmsprop\"]}",
          "adam",
          "\"optimizer\": {\"lrate\": 0.01, \"modules\": [\"adam\"]},"
              + " \"update_bound\": {\"max_norm\": 100.0, \"action\": \"clip\"}",
          "median",
          "\"optimizer\": {\"lrate\": 0.1, \"modules\": [\"momentum\"]}, \"aggregator\": \"median\"",
          "multi-krum",
          "\"optimizer\": {\"lrate\": 0.1, \"modules\": [[\"l2-global-clipping\","
              + " {\"max_norm\": 1.0}], \"rmsprop\"]}, \"aggregator\": \"multi-krum\"");

  @TempDir private static Path folder;

  private static Brokers brokers;
  private static ChildCluster cluster;
  private static ChildCluster alone;

  @BeforeAll
  static void start() {
    brokers = Brokers.start(folder.resolve("brokers"), 3);
    ChildCluster.Measured started =
        ChildCluster.startBoth(folder.resolve("cluster"), NODES, brokers, Duration.ofSeconds(10));
    cluster = started.cluster();
    alone = started.alone();
  }

  @AfterAll
  static void close() {
    for (AutoCloseable one : new AutoCloseable[] {alone, cluster, brokers}) {
      try {
        if (one != null) {
          one.close();
        }
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  record Kind(String rule, Numbers numbers) {
    String model() {
      return "/v1/models/" + this;
    }

    String spec() {
      return """
      {"tensors": %s, "dtype": "float%s", %s, "round": {"min_updates": %s, "max_updates": %s}}\
      """
          .formatted(TENSORS, 8 * numbers.width(), RULES.get(rule), CLIENTS, CLIENTS + 1);
    }

    @Override
    public String toString() {
      return rule + "-" + 8 * numbers.width();
    }
  }

  /** Each rule, with one of the number formats unless it may take long. */
  static Stream<Kind> kinds() {
    List<String> rules = RULES.keySet().stream().sorted().toList();
    return rules.stream()
        .flatMap(rule ->
            Arrays.stream(Numbers.values())
                .filter(one -> LONG || (one == Numbers.FLOAT32) == (rules.indexOf(rule) % 2 == 0))
                .map(one -> new Kind(rule, one)));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void anyGateway_givesWhatOneMachineGives(Kind kind) {
    String model = kind.model();
    byte[] initial = kind.numbers().bytes(values(kind, new SplittableRandom(7)));
    for (ChildCluster one : List.of(alone, cluster)) {
      assertThat(one.put(model, JSON, kind.spec().getBytes(UTF_8)).path("parameters").intValue())
          .isEqualTo(SIZE);
      one.put(model + "/weights", OCTETS, initial);
    }
    assertSame(model + "/weights");
    assertSame(model + "/optimizer/state");
    for (int round = 0; round < ROUNDS; round++) {
      for (int client = 0; client < CLIENTS; client++) {
        submit(kind, round, client);
      }
      close(model, round);
      check(model, round);
    }
    cluster.delete(model);
    assertThat(cluster.warnings()).as("what is logged of quiet rounds").hasSizeLessThan(ROUNDS);
    assertThat(cluster.get(model).statusCode()).isEqualTo(404);
    assertThat(cluster.json("/v1/models").toString()).doesNotContain('"' + kind.toString() + '"');
  }

  /** The first round is closed by hand, the others by their last update. */
  private static void close(String model, int round) {
    if (round == 0) {
      JsonNode here = alone.post(model + "/rounds/current/close");
      JsonNode there = cluster.post(model + "/rounds/current/close");
      assertThat(common(there)).isEqualTo(common(here));
      byte[] policy =
          "{\"min_updates\": %1$s, \"max_updates\": %1$s}".formatted(CLIENTS).getBytes(UTF_8);
      alone.put(model + "/round", JSON, policy);
      cluster.put(model + "/round", JSON, policy);
    }
  }

  private static void submit(Kind kind, int round, int client) {
    double[] values = values(kind, new SplittableRandom(1000L * round + client));
    double weight = 1 + client + round / 8.0;
    String path = "%s/rounds/%s/updates/client-%s".formatted(kind.model(), round, client);
    boolean octets = (round + client) % 2 == 0;
    String address = octets ? path + "?weight=" + weight : path;
    byte[] body =
        octets
            ? kind.numbers().bytes(values)
            : "{\"gradient\": [%s], \"weight\": %s, \"metrics\": {\"loss\": %s}}"
                .formatted(
                    Arrays.stream(values).mapToObj(kind.numbers()::text).collect(joining(",")),
                    weight,
                    client)
                .getBytes(UTF_8);
    String type = octets ? OCTETS : JSON;
    JsonNode receipt = cluster.put(address, type, body);
    assertThat(receipt).isEqualTo(alone.put(address, type, body));
    assertThat(receipt.path("updates").intValue()).isEqualTo(client + 1);
    assertThat(cluster.json(path)).isEqualTo(receipt);
    assertThat(cluster.put(address, type, body)).isEqualTo(receipt);
  }

  /** Numbers of all sizes, with zeros of both signs among them. */
  private static double[] values(Kind kind, SplittableRandom random) {
    var values = new double[SIZE];
    Arrays.setAll(
        values,
        i ->
            i % 97 == 0
                ? random.nextBoolean() ? 0.0 : -0.0
                : kind.numbers()
                    .round(Math.scalb(random.nextDouble() - 0.5, random.nextInt(-8, 2))));
    return values;
  }

  private static void check(String model, int round) {
    for (ChildCluster one : List.of(alone, cluster)) {
      String wait = model + "/rounds/current?wait=60s&after=" + round;
      assertThat(one.json(wait).path("round").intValue()).isEqualTo(round + 1);
    }
    String record = model + "/rounds/" + round;
    assertThat(common(cluster.json(record))).isEqualTo(common(alone.json(record)));
    for (String content : List.of("/weights", "/gradient", "/optimizer/state")) {
      assertSame(model + "/versions/" + (round + 1) + content);
    }
    assertSame(model + "/weights");
    assertSame(model + "/optimizer/state");
  }

  private static void assertSame(String path) {
    byte[] expected = alone.bytes(path);
    byte[] actual = cluster.bytes(path);
    assertThat(actual).as(path).hasSameSizeAs(expected);
    assertThat(Arrays.mismatch(actual, expected))
        .as("the first byte of %s to differ", path)
        .isEqualTo(-1);
  }

  private static JsonNode common(JsonNode record) {
    var common = (ObjectNode) record.deepCopy();
    common.remove(OF_ONE_SERVER);
    common.path("clients").forEach(client -> ((ObjectNode) client).remove(OF_ONE_SERVER));
    return common;
  }

  @Test
  void versionThatIsGone_isNotFound() throws IOException {
    String model = "/v1/models/gone";
    cluster.put(model, JSON, "{\"tensors\": {\"w\": [3]}}".getBytes(UTF_8));
    for (int round = 0; round < 2; round++) {
      String update = "%s/rounds/%s/updates/alice".formatted(model, round);
      cluster.put(update, JSON, "{\"gradient\": [1, 2, 3]}".getBytes(UTF_8));
      cluster.json("%s/rounds/current?wait=60s&after=%s".formatted(model, round));
    }
    Path versions = folder.resolve("cluster/data/models/gone/versions");
    Files.move(versions.resolve("0000001"), versions.resolve(".old-1"));
    for (int node = 0; node < cluster.size(); node++) {
      HttpResponse<byte[]> answer = cluster.get(model + "/versions/1/weights");
      assertThat(answer.statusCode()).isEqualTo(404);
      assertThat(new String(answer.body(), UTF_8)).contains("version-not-found");
    }
    cluster.delete(model);
  }

  @Test
  void update_inSeveralRequests_isToComeWhole() {
    String model = "/v1/models/whole";
    cluster.put(model, JSON, "{\"tensors\": {\"w\": [3]}}".getBytes(UTF_8));
    String update = model + "/rounds/0/updates/alice";
    for (int node = 0; node < cluster.size(); node++) {
      for (String request : List.of("PUT ", "OPTIONS ", "PATCH /uploads/a", "DELETE /uploads/a")) {
        String[] parts = request.split(" ", 2);
        HttpResponse<byte[]> answer =
            cluster.send(one ->
                HttpRequest.newBuilder(cluster.uri(one, update + parts[1]))
                    .header("Content-Type", OCTETS)
                    .header("Upload-Complete", "?0")
                    .header("Upload-Length", "12")
                    .method(parts[0], BodyPublishers.ofByteArray(new byte[4])));
        assertThat(answer.statusCode()).as(request).isEqualTo(422);
        assertThat(new String(answer.body(), UTF_8))
            .contains("not-resumable", "sent whole, in one PUT: several machines decide");
      }
    }
    assertThat(cluster.get(update).statusCode()).isEqualTo(404);
    assertThat(cluster.put(update, OCTETS, new byte[12]).path("updates").intValue()).isEqualTo(1);
    cluster.delete(model);
  }

  /** What docs/SCALING.md has among the limits. */
  @Test
  void specOfOneMachine_isRefused() {
    String tensors = "{\"tensors\": {\"w\": [3]}, ";
    for (String spec :
        List.of(
            "{\"from\": {\"model\": \"other\"}}",
            tensors
                + "\"secure\": {\"clip\": 1},"
                + " \"round\": {\"min_updates\": 3, \"timeout\": \"1m\"}}",
            tensors
                + "\"optimizer\": {\"lrate\": 1, \"modules\": [\"scaffold-server\"]},"
                + " \"aggregator\": [\"averaging\", {\"steps_weighted\": false}]}")) {
      HttpResponse<byte[]> answer =
          cluster.send(node ->
              HttpRequest.newBuilder(cluster.uri(node, "/v1/models/refused"))
                  .header("Content-Type", JSON)
                  .PUT(BodyPublishers.ofString(spec)));
      assertThat(answer.statusCode()).as(spec).isEqualTo(422);
      assertThat(new String(answer.body(), UTF_8)).contains("is for one machine");
    }
    assertThat(cluster.json("/v1/deleted").required("deleted")).isEmpty();
  }

  /** ClusterKillTest kills each kind of process, and brokers, in the second stage. */
  @Test
  @Order(LAST)
  void killedProcess_takesNothingWithIt() {
    var kind = new Kind("rmsprop", Numbers.FLOAT32);
    for (ChildCluster one : List.of(alone, cluster)) {
      one.put(kind.model(), JSON, kind.spec().getBytes(UTF_8));
    }
    for (int client = 0; client < CLIENTS; client++) {
      submit(kind, 0, client);
    }
    cluster.kill(NODES - 1);
    close(kind.model(), 0);
    check(kind.model(), 0);
    for (int client = 0; client < CLIENTS; client++) {
      submit(kind, 1, client);
    }
    check(kind.model(), 1);
  }

  @Test
  void events_areToldByAllGateways() {
    String model = "/v1/models/told";
    cluster.put(model, JSON, "{\"tensors\": {\"w\": [3]}}".getBytes(UTF_8));
    HttpClient http = HttpClient.newHttpClient();
    try {
      List<CompletableFuture<List<String>>> told =
          IntStream.range(0, cluster.size())
              .mapToObj(node -> told(http, cluster.uri(node, model + "/events")))
              .toList();
      cluster.put(
          model + "/rounds/0/updates/alice", JSON, "{\"gradient\": [1, 2, 3]}".getBytes(UTF_8));
      for (CompletableFuture<List<String>> one : told) {
        assertThat(one.orTimeout(60, TimeUnit.SECONDS).join())
            .containsExactly("event: round-completed", "event: round-opened");
      }
    } finally {
      http.shutdownNow();
    }
    cluster.delete(model);
  }

  /** What comes after the stream's first event, which is there once this returns. */
  private static CompletableFuture<List<String>> told(HttpClient http, URI events) {
    var opened = new CompletableFuture<Void>();
    var told = new CompletableFuture<List<String>>();
    Thread.startVirtualThread(() -> {
      try {
        Stream<String> lines =
            http.send(HttpRequest.newBuilder(events).build(), BodyHandlers.ofLines()).body();
        told.complete(
            lines
                .filter(line -> line.startsWith("event: round-"))
                .peek(_ -> opened.complete(null))
                .skip(1)
                .limit(2)
                .toList());
      } catch (IOException | InterruptedException | RuntimeException e) {
        opened.completeExceptionally(e);
        told.completeExceptionally(e);
      }
    });
    opened.orTimeout(60, TimeUnit.SECONDS).join();
    return told;
  }
}
