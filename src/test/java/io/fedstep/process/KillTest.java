package io.fedstep.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Training through kills equals training without any, to the last bit. */
@BesideOthers
@Order(3)
class KillTest {
  private static final int ROUNDS = 25;
  private static final int CLIENTS = 3;
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final int KILLS = LONG ? 8 : 2;
  private static final JsonMapper MAPPER = new JsonMapper();

  private final List<Trained> models =
      List.of(
          Trained.likeNumPy(Numbers.FLOAT32, CLIENTS),
          Trained.likeNumPy(Numbers.FLOAT64, CLIENTS),
          Trained.wide(CLIENTS));

  /** The receipts of the open round's updates, by their paths. */
  private final Map<String, JsonNode> acknowledged = new ConcurrentHashMap<>();

  private KilledServer server;

  /** Where a kill strikes: when so much of that client's body is sent to the last model. */
  private record Kill(int round, int client, double share) {}

  static LongStream seeds() {
    return LongStream.rangeClosed(1, LONG ? 25 : 1);
  }

  /** Every second in the middle of a body, the others around the moment of a complete round. */
  private static List<Kill> kills(Random random) {
    int distance = (ROUNDS - 1) / KILLS;
    return IntStream.range(0, KILLS)
        .mapToObj(i ->
            new Kill(
                1 + i * distance + random.nextInt(distance),
                random.nextInt(CLIENTS),
                i % 2 == 0 ? random.nextDouble() : 1))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void trainingThroughKills_equalsNumPy(long seed, @TempDir Path data) throws Exception {
    List<Kill> kills = kills(new Random(seed));
    try (var started = new KilledServer(data)) {
      server = started;
      for (Trained model : models) {
        put("/v1/models/" + model.name(), "application/json", whole(model.spec().getBytes(UTF_8)));
      }
      for (int round = 0; round < ROUNDS; round++) {
        int number = round;
        train(
            round, kills.stream().filter(kill -> kill.round() == number).findFirst().orElse(null));
        for (Trained model : models) {
          check(model, round);
        }
      }
      assertThat(started.kills()).isEqualTo(kills.size());
    }
  }

  /** Every client of every model sends its update of the round, all at once. */
  private void train(int round, Kill kill) throws InterruptedException, ExecutionException {
    acknowledged.clear();
    var struck = new CompletableFuture<Void>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var uploads = new ArrayList<Future<?>>();
      for (Trained model : models) {
        for (int client = 0; client < CLIENTS; client++) {
          int id = client;
          boolean doomed = kill != null && kill.client() == id && model == models.getLast();
          uploads.add(
              threads.submit(() -> submit(model, round, id, doomed ? kill.share() : -1, struck)));
        }
      }
      if (kill != null) {
        struck.get();
        server.restart(() -> checkNothingIsLost(round));
      }
      for (Future<?> upload : uploads) {
        upload.get();
      }
    }
  }

  private void submit(
      Trained model, int round, int client, double share, CompletableFuture<Void> struck) {
    ClientUpdate update = model.update(round, client);
    String path =
        "/v1/models/%s/rounds/%s/updates/client-%s".formatted(model.name(), round, client);
    int form = (round + client) % 3;
    boolean octets = form == 0;
    byte[] body =
        octets
            ? model.numbers().bytes(update.gradient())
            : model.json(update, form == 1).getBytes(UTF_8);
    JsonNode receipt =
        put(
            octets ? path + "?weight=" + update.weight() : path,
            octets ? "application/octet-stream" : "application/json",
            share < 0 ? whole(body) : killingAt((int) (share * body.length), body, struck));
    assertThat(receipt.path("weight").doubleValue()).isEqualTo(update.weight());
    assertThat(receipt.path("digest").stringValue())
        .isEqualTo(digest(model.numbers().bytes(update.gradient())));
    acknowledged.put(path, receipt);
  }

  private static BodyPublisher whole(byte[] body) {
    return BodyPublishers.ofByteArray(body);
  }

  /** A body in the middle of which, or behind which, the server is killed once. */
  private BodyPublisher killingAt(int place, byte[] body, CompletableFuture<Void> struck) {
    return BodyPublishers.fromPublisher(
        BodyPublishers.ofInputStream(() -> new KillingStream(place, body, struck)), body.length);
  }

  private final class KillingStream extends InputStream {
    private final ByteArrayInputStream body;
    private final int place;
    private final CompletableFuture<Void> struck;
    private int sent;

    KillingStream(int place, byte[] body, CompletableFuture<Void> struck) {
      this.body = new ByteArrayInputStream(body);
      this.place = place;
      this.struck = struck;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException("bodies are read by pieces");
    }

    @Override
    public int read(byte[] into, int from, int length) {
      if (sent >= place && !struck.isDone()) {
        server.kill();
        struck.complete(null);
      }
      int count = body.read(into, from, Math.min(length, 4096));
      sent += count;
      return count;
    }
  }

  private JsonNode put(String path, String type, BodyPublisher body) {
    HttpResponse<byte[]> answer =
        server.send(to ->
            HttpRequest.newBuilder(to.uri(path)).header("Content-Type", type).PUT(body).build());
    assertThat(answer.statusCode())
        .as("%s: %s", path, new String(answer.body(), UTF_8))
        .isIn(200, 201);
    return MAPPER.readTree(answer.body());
  }

  /** What was acknowledged before a kill is there after it, and the version is as it was. */
  private void checkNothingIsLost(int round) {
    acknowledged.forEach((path, receipt) -> assertThat(json(path)).isEqualTo(receipt));
    for (Trained model : models) {
      assertThat(json("/v1/models/" + model.name()).path("version").intValue())
          .isBetween(round, round + 1);
    }
  }

  private JsonNode json(String path) {
    HttpResponse<byte[]> answer = server.get(path);
    assertThat(answer.statusCode()).as(path).isEqualTo(200);
    return MAPPER.readTree(answer.body());
  }

  private void check(Trained model, int round) {
    String path = "/v1/models/" + model.name();
    assertThat(json(path + "/rounds/current?wait=60s&after=" + round).path("round").intValue())
        .isEqualTo(round + 1);
    JsonNode record = json(path + "/rounds/" + round);
    assertThat(record.path("outcome").stringValue()).isEqualTo("completed");
    assertThat(record.path("clients").valueStream().map(one -> one.path("client").stringValue()))
        .containsExactly("client-0", "client-1", "client-2");

    model.advance(round);
    byte[] weights = server.get(path + "/weights").body();
    String state = new String(server.get(path + "/optimizer/state").body(), UTF_8);
    String place = "%s after round %s".formatted(model.name(), round);
    assertThat(hex(weights)).as(place).isEqualTo(hex(model.expected().weights()));
    assertThat(state).as(place).isEqualTo(model.expectedState());
    Golden golden = model.golden();
    if (golden != null) {
      assertThat(golden.rounds()).isEqualTo(ROUNDS);
      assertThat(hex(weights)).as(place).isEqualTo(hex(golden.weights(round)));
      assertThat(state).as(place).isEqualTo(golden.state(round));
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static String digest(byte[] bytes) {
    var crc = new CRC32C();
    crc.update(bytes);
    return "crc32c:" + HexFormat.of().toHexDigits((int) crc.getValue());
  }
}
