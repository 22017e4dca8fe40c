package io.fedstep.process;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing is held whole: bodies, rows, weights and state are each as large as half the heap. */
@BesideOthers
class LargeModelTest {
  private static final int PARAMETERS = 10_000_000;
  private static final int CLIENTS = Boolean.getBoolean("long") ? 20 : 8;
  private static final int AT_ONCE = 4;
  private static final int TILE = 16 * 1024;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @Test
  void tenMillionParameters_fitA96MegabyteHeap(@TempDir Path data) throws Exception {
    try (ChildServer server = ChildServer.start(data, "-Xmx96m")) {
      create(server);
      var uploads = new ArrayList<Future<?>>();
      try (var threads = Executors.newFixedThreadPool(AT_ONCE)) {
        for (int i = 0; i < CLIENTS; i++) {
          int client = i;
          uploads.add(threads.submit(() -> upload(server, client)));
        }
      }
      for (Future<?> upload : uploads) {
        upload.get();
      }
      HttpResponse<InputStream> opened = get(server, "/rounds/current?after=0&wait=60s");
      assertThat(new String(opened.body().readAllBytes(), US_ASCII)).contains("\"round\":1,");
      try (InputStream weights = get(server, "/weights").body();
          InputStream state = get(server, "/optimizer/state").body()) {
        check(new BufferedInputStream(weights, 1 << 16), new BufferedInputStream(state, 1 << 16));
      }
    }
  }

  private void create(ChildServer server) throws IOException, InterruptedException {
    String spec =
        """
        {"tensors": {"w": [%s]}, "optimizer": {"lrate": 0.5, "modules": ["rmsprop"]},
         "round": {"min_updates": %s}}\
        """
            .formatted(PARAMETERS, CLIENTS);
    var request =
        HttpRequest.newBuilder(server.uri("/v1/models/large"))
            .header("Content-Type", "application/json")
            .PUT(BodyPublishers.ofString(spec))
            .build();
    assertThat(http.send(request, BodyHandlers.ofString()).statusCode()).isEqualTo(201);
  }

  private static int weight(int client) {
    return 1 + 5 * client;
  }

  private Void upload(ChildServer server, int client) throws IOException, InterruptedException {
    String path =
        String.format(
            Locale.ROOT,
            "/v1/models/large/rounds/0/updates/client-%02d?weight=%s",
            client,
            weight(client));
    var body =
        BodyPublishers.fromPublisher(
            BodyPublishers.ofInputStream(() -> new CoarseFloats(client, PARAMETERS)),
            4L * PARAMETERS);
    var request =
        HttpRequest.newBuilder(server.uri(path))
            .header("Content-Type", "application/octet-stream")
            .PUT(body)
            .build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    return null;
  }

  private HttpResponse<InputStream> get(ChildServer server, String path)
      throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(server.uri("/v1/models/large" + path)).build();
    HttpResponse<InputStream> answer = http.send(request, BodyHandlers.ofInputStream());
    assertThat(answer.statusCode()).isEqualTo(200);
    return answer;
  }

  /** Computes the round again, a tile at a time, beside what the server sends. */
  private static void check(InputStream weights, InputStream state) throws IOException {
    String head =
        """
        {"modules": [["rmsprop", {"state": {"__type__": "NumpyVector", "dump": {"w": \
        {"__type__": "np.ndarray", "dump": ["\
        """;
    assertThat(new String(state.readNBytes(head.length()), US_ASCII)).isEqualTo(head);
    var gradients = new CoarseFloats[CLIENTS];
    for (int client = 0; client < CLIENTS; client++) {
      gradients[client] = new CoarseFloats(client, PARAMETERS);
    }
    double[] sums = new double[TILE];
    float[] values = new float[TILE];
    for (int from = 0; from < PARAMETERS; from += TILE) {
      int count = Math.min(TILE, PARAMETERS - from);
      double total = sum(gradients, values, sums);
      ByteBuffer expectedWeights = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
      ByteBuffer expectedState = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < count; i++) {
        float g = (float) (sums[i] / total);
        float s = (float) (1 - 0.9) * (g * g);
        expectedState.putFloat(s);
        expectedWeights.putFloat(-(0.5f * (g / ((float) Math.sqrt(s) + 1e-7f))) + 0f);
      }
      assertThat(weights.readNBytes(4 * count)).isEqualTo(expectedWeights.array());
      assertThat(new String(state.readNBytes(8 * count), US_ASCII))
          .isEqualTo(HexFormat.of().formatHex(expectedState.array()));
    }
    assertThat(weights.read()).isEqualTo(-1);
    assertThat(new String(state.readAllBytes(), US_ASCII))
        .isEqualTo("\", \"f\", [%s]]}}}}]]}".formatted(PARAMETERS));
  }

  /** Sums the next tile of all clients; returns the sum of their weights. */
  private static double sum(CoarseFloats[] gradients, float[] values, double[] sums) {
    Arrays.fill(sums, 0);
    double total = 0;
    for (int client = 0; client < CLIENTS; client++) {
      int count = gradients[client].next(values);
      for (int i = 0; i < count; i++) {
        sums[i] += weight(client) * (double) values[i];
      }
      total += weight(client);
    }
    return total;
  }
}
