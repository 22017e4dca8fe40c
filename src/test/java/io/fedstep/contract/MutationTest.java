package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests of which a few bytes are others: none is a fault of the server's, or half done. */
class MutationTest {
  private static final int REQUESTS = Boolean.getBoolean("long") ? 20_000 : 80;
  private static final String STATE =
      """
      {"modules": [["rmsprop", {"state": {"__type__": "NumpyVector", "dump": {"w": \
      {"__type__": "np.ndarray", "dump": ["0000803f0000803f0000803f", "float32", [3]]}}}}]]}\
      """;

  private static final String ARRAY =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }" + " ".repeat(60) + "\n";
  private static final String TENSORS =
      "{\"w\": {\"dtype\": \"F32\", \"shape\": [3], \"data_offsets\": [0, 12]}}";

  /**
   * A request's line after {@code /v1/models/NAME}, its header fields and its body, a byte a
   * character.
   */
  private record Seed(String method, String path, List<String> fields, String body) {
    Seed(String method, String path, String type, String body) {
      this(method, path, List.of("Content-Type: " + type), body);
    }
  }

  private static final String JSON = "application/json";
  private static final List<Seed> SEEDS =
      List.of(
          new Seed("PUT", "", JSON, "{\"tensors\": {\"w\": [3]}, \"round\": {\"min_updates\": 9}}"),
          new Seed("PUT", "/weights", JSON, "{\"weights\": [1, 2, 3]}"),
          new Seed("PUT", "/rounds/0/updates/a", JSON, "{\"gradient\": [1, 2, 3], \"weight\": 2}"),
          new Seed(
              "PUT",
              "/rounds/0/updates/b?weight=2&metric.x=3",
              "application/octet-stream",
              "abcdefghijkl"),
          new Seed("PUT", "/versions/0/reports/a", JSON, "{\"metrics\": {\"loss\": 0.5}}"),
          new Seed("PUT", "/optimizer", JSON, "{\"lrate\": 0.5, \"modules\": [\"rmsprop\"]}"),
          new Seed("PUT", "/aggregator", JSON, "[\"averaging\", {\"steps_weighted\": false}]"),
          new Seed("PUT", "/keep-best", JSON, "{\"metric\": \"loss\", \"mode\": \"min\"}"),
          new Seed("PUT", "/tags/shipped", JSON, "{\"version\": 0}"),
          new Seed("GET", "/versions/newest/weights", JSON, ""),
          new Seed("PUT", "/metadata", JSON, "{\"classes\": [\"a\", 1.50], \"a\": {\"b\": null}}"),
          new Seed("PUT", "/update-bound", JSON, "{\"max_norm\": 9, \"max_weight\": 7}"),
          new Seed("PUT", "/round", JSON, "{\"min_updates\": 9, \"timeout\": \"30s\"}"),
          new Seed("PUT", "/optimizer/state?newest=77", JSON, STATE),
          new Seed("POST", "/versions/0/restore?newest=77", JSON, ""),
          new Seed("POST", "/rounds/current/close", JSON, ""),
          new Seed("GET", "/rounds/current?after=0&wait=1ms", JSON, ""),
          new Seed("GET", "/rounds?limit=5&before=3&clients=0", JSON, ""),
          new Seed("GET", "/rounds/0/updates", JSON, ""),
          new Seed("GET", "/refusals", JSON, ""),
          new Seed("GET", "/weights?wait=1ms", JSON, ""),
          new Seed("GET", "/versions/0/optimizer/state", JSON, ""),
          new Seed("DELETE", "/rounds/0/updates/a", List.of("If-Match: \"3f9c2a71-7\""), ""),
          new Seed(
              "GET",
              "/weights",
              List.of(
                  "Accept: application/json;q=0.5, application/x-npy",
                  "Accept-Encoding: gzip;q=0.5, zstd, identity;q=0",
                  "If-None-Match: W/\"3f9c2a71-7\", \"a\"",
                  "Range: bytes=0-3,5-",
                  "If-Range: \"3f9c2a71-7\""),
              ""),
          new Seed(
              "GET",
              "/rounds/current",
              List.of(
                  "Authorization: Bearer abc.def",
                  "Origin: http://localhost:8080",
                  "Sec-Fetch-Site: same-origin",
                  "Cookie: a=b; c=\"d\"",
                  "Expect: 100-continue",
                  "Connection: keep-alive, Upgrade"),
              ""),
          new Seed(
              "PUT",
              "/rounds/0/updates/c",
              "application/x-npy",
              "\u0093NUMPY\u0001\u0000"
                  + (char) ARRAY.length()
                  + "\u0000"
                  + ARRAY
                  + "abcdefghijkl"),
          new Seed(
              "PUT",
              "/rounds/0/updates/d",
              "application/x-safetensors",
              (char) TENSORS.length() + "\u0000".repeat(7) + TENSORS + "abcdefghijkl"),
          new Seed(
              "PUT",
              "/rounds/0/updates/e",
              List.of("Content-Type: application/json", "Content-Encoding: gzip"),
              gzipped("{\"gradient\": [1, 2, 3]}")),
          new Seed(
              "PUT",
              "/rounds/0/updates/f",
              List.of("Content-Type: application/octet-stream", "Content-Encoding: zstd"),
              new String(Zstd.compress("abcdefghijkl".getBytes(ISO_8859_1)), ISO_8859_1)));

  private static String gzipped(String text) {
    var bytes = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bytes)) {
      gzip.write(text.getBytes(ISO_8859_1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toString(ISO_8859_1);
  }

  private static String mutated(String text, Random random, int most) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    for (int i = random.nextInt(most + 1); i > 0 && bytes.length > 0; i--) {
      int at = random.nextInt(bytes.length);
      bytes[at] =
          switch (random.nextInt(4)) {
            case 0 -> (byte) random.nextInt(256);
            case 1 -> (byte) "\"{}[]:,-+.eE09%/?&=\\ \n".charAt(random.nextInt(22));
            case 2 -> bytes[random.nextInt(bytes.length)];
            default -> (byte) (bytes[at] ^ 1 << random.nextInt(8));
          };
    }
    return new String(bytes, ISO_8859_1);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void noRequest_isAFaultOfTheServers(long seed) throws IOException {
    var random = new Random(seed);
    Model model = Model.create("{\"tensors\": {\"w\": [3]}, \"round\": {\"min_updates\": 100000}}");
    for (int i = 0; i < REQUESTS; i++) {
      Seed one = SEEDS.get(random.nextInt(SEEDS.size()));
      String before = model.get("").text() + model.current();
      String path = model.path(one.path());
      int fixed = path.length() - one.path().length();
      String line = path.substring(0, fixed) + mutated(path.substring(fixed), random, 1);
      String body = mutated(one.body(), random, 4);
      List<String> fields =
          one.fields().stream().map(field -> onOneLine(mutated(field, random, 1))).toList();
      Reply reply =
          send(model.http(), one.method(), line.replaceAll("[\\s\\x00-\\x1f]", "_"), fields, body);
      String what =
          "seed %s, request %s: %s %s %s %s: %s"
              .formatted(seed, i, one.method(), line, fields, body, reply);
      assertThat(reply.status()).as(what).isLessThan(500);
      assertThat(reply.text()).as(what).doesNotContain("Exception", "\tat ");
      if (reply.status() >= 400) {
        reply.problem();
        assertThat(model.get("").text() + model.current()).as(what).isEqualTo(before);
      }
    }
  }

  private static String onOneLine(String field) {
    return field.replaceAll("[\\r\\n]", "_");
  }

  private static Reply send(Http http, String method, String line, List<String> fields, String body)
      throws IOException {
    try (var request = new RawRequest(http)) {
      byte[] bytes = body.getBytes(ISO_8859_1);
      String head =
          "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\nContent-Length: %s\r\n\r\n"
              .formatted(method, line, String.join("\r\n", fields), bytes.length);
      request.send(head.getBytes(ISO_8859_1)).send(bytes);
      return request.read();
    }
  }
}
