package io.fedstep.demo;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One model of a server, over HTTP. Whatever the server refuses is an {@link IOException} that
 * quotes its answer.
 */
final class ModelApi {
  private static final String BYTES = "application/octet-stream";
  private static final Duration LONGER_THAN_A_WAIT = Duration.ofSeconds(60);

  private final HttpClient http;
  private final String model;

  /** Speaks to {@code model}, for example {@code http://127.0.0.1:8080/v1/models/digits}. */
  ModelApi(HttpClient http, String model) {
    this.http = http;
    this.model = model;
  }

  /** Creates the model, in the place of one that may exist. */
  void recreate(String spec) throws IOException, InterruptedException {
    send(to("").DELETE(), 204, 404);
    send(to("").header("Content-Type", "application/json").PUT(BodyPublishers.ofString(spec)), 201);
  }

  /** The newest weights. */
  Weights newest() throws IOException, InterruptedException {
    return weights(send(to("/weights").header("Accept", BYTES), 200));
  }

  /** Waits until there are others than the last. */
  Weights after(Weights last) throws IOException, InterruptedException {
    while (true) {
      var answer =
          send(
              to("/weights?wait=30s")
                  .header("Accept", BYTES)
                  .header("If-None-Match", "\"" + last.tag() + "\""),
              200,
              304);
      if (answer.statusCode() == 200) {
        return weights(answer);
      }
      if (answer.headers().firstValue("Fedstep-Phase").orElse("").equals("stopped")) {
        throw new IOException("training was stopped at version " + last.version());
      }
    }
  }

  /** Submits what a client computed from {@code base}. */
  void submit(String client, Weights base, int examples, Softmax.Result result)
      throws IOException, InterruptedException {
    var bytes = ByteBuffer.allocate(Float.BYTES * result.gradient().length);
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(result.gradient());
    String address =
        "/rounds/%d/updates/%s?weight=%d&metric.loss=%s&base=%s"
            .formatted(
                base.version(),
                client,
                examples,
                result.loss(),
                URLEncoder.encode(base.tag(), StandardCharsets.UTF_8));
    var body = BodyPublishers.ofByteArray(bytes.array());
    send(to(address).header("Content-Type", BYTES).PUT(body), 201);
  }

  /** The record of a completed round. */
  JsonNode round(long round) throws IOException, InterruptedException {
    return JsonMapper.shared().readTree(send(to("/rounds/" + round), 200).body());
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(model + path)).timeout(LONGER_THAN_A_WAIT);
  }

  private HttpResponse<byte[]> send(HttpRequest.Builder builder, int... expected)
      throws IOException, InterruptedException {
    HttpRequest request = builder.build();
    HttpResponse<byte[]> answer = http.send(request, BodyHandlers.ofByteArray());
    if (Arrays.stream(expected).noneMatch(status -> status == answer.statusCode())) {
      String body = new String(answer.body(), StandardCharsets.UTF_8);
      throw new IOException(
          "%s %s: %d %s".formatted(request.method(), request.uri(), answer.statusCode(), body));
    }
    return answer;
  }

  private static Weights weights(HttpResponse<byte[]> answer) throws IOException {
    var values = new float[answer.body().length / Float.BYTES];
    ByteBuffer.wrap(answer.body()).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    String tag = header(answer, "ETag");
    return new Weights(
        Long.parseLong(header(answer, "Fedstep-Version")),
        tag.substring(1, tag.length() - 1),
        values);
  }

  private static String header(HttpResponse<?> answer, String name) throws IOException {
    return answer
        .headers()
        .firstValue(name)
        .orElseThrow(() -> new IOException(answer.uri() + " came without " + name));
  }
}
