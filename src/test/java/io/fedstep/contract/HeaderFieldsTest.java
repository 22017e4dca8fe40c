package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Header fields that are not what they should be: none is a fault of the server's. */
class HeaderFieldsTest {
  private static final int REQUESTS = Boolean.getBoolean("long") ? 50_000 : 150;
  private static final String LIST = "a";

  private static final List<String> METHODS =
      List.of("GET", "GET", "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "BREW");
  private static final List<String> PATHS =
      List.of(
          "",
          "/weights",
          "/versions",
          "/rounds/0/updates/a",
          "/rounds/current?wait=1ms",
          "/versions/0/reports/a",
          "/optimizer/state");
  private static final List<String> OTHER_PATHS =
      List.of(
          "/v1/models",
          "/actuator/health",
          "/actuator/health/liveness",
          "/actuator/prometheus",
          "/actuator",
          "/",
          "/dashboard/main.js",
          "/nothing",
          "/error",
          "/v3/api-docs");

  private static final List<String> NAMES =
      List.of(
          """
          Accept Accept-Charset Accept-Encoding Accept-Language Accept-Ranges Authorization \
          Cache-Control Content-Type Content-Encoding Content-Language Content-Location \
          Content-Range Content-Disposition Cookie Date Expect Forwarded From If-Match \
          If-None-Match If-Modified-Since If-Unmodified-Since If-Range Range Last-Event-ID \
          Max-Forwards Origin Pragma Proxy-Authorization Referer TE Trailer Upgrade User-Agent Via \
          X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Port X-Forwarded-Prefix \
          X-HTTP-Method-Override X-Requested-With Sec-Fetch-Site Sec-Fetch-Mode Sec-Fetch-Dest \
          Access-Control-Request-Method Access-Control-Request-Headers traceparent Priority X-None\
          """
              .split(" "));

  private static final List<String> VALUES =
      List.of(
          "\u0080",
          "\u009f",
          "a/\u0085b",
          "\u00ff",
          "a/b;c=\u0080",
          "bytes=0-\u0080",
          "a\tb",
          "text/plain;charset=none",
          "text/plain;charset=\u0080",
          "text/plain; charset=\"",
          "text/plain;q=7",
          "en;q=2",
          "en-" + "x".repeat(3000),
          "de-DE-1996-x,a-,-,*;q=",
          LIST,
          "Thu, 99 Foo 1994",
          "99999999999999999999",
          "-1",
          "",
          "\"",
          "\"a",
          "W/",
          "*",
          "*, \"a\"",
          "/",
          "*/x",
          "a/b/c",
          "text/*;q=a",
          ",,,,",
          "a=b; c",
          "[::1",
          "http://[",
          "http://a b",
          "null",
          "a\u0000b",
          "%00",
          "%zz",
          "{}",
          "multipart/form-data",
          "multipart/form-data; boundary=",
          "application/x-www-form-urlencoded",
          "bytes 0-1/2",
          "bytes=1-0",
          "h2c",
          "100-continue",
          "websocket",
          "for=1.2.3.4;host=\u0080;proto=x",
          ";",
          "=",
          "Basic \u0080",
          "Bearer \u0080",
          "Basic Og==",
          "trace, TRACE",
          "1.2.3.4:5",
          "999.1.1.1",
          "99999");

  private static Reply send(String method, String path, String... fields) throws IOException {
    String head =
        "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n%s\r\n\r\n"
            .formatted(method, path, String.join("\r\n", fields));
    try (var request = new RawRequest(Server.shared().http())) {
      request.send((head + "{}").getBytes(ISO_8859_1));
      return request.read(!method.equals("HEAD"));
    }
  }

  private static <T> T any(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }

  private static String value(Random random) {
    String value = any(VALUES, random);
    if (value.equals(LIST)) { // of more languages, types or tags than anybody has
      return String.join(", ", IntStream.range(0, 60).mapToObj(i -> "l" + i).toList());
    }
    return random.nextInt(4) == 0 ? value + any(VALUES, random) : value;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void noField_isAFaultOfTheServers_norALineOfItsLog(long seed) throws IOException {
    var random = new Random(seed);
    Model model = Model.create("{\"tensors\": {\"w\": [3]}, \"round\": {\"min_updates\": 9}}");
    try (var log = new Log(model)) {
      for (int i = 0; i < REQUESTS; i++) {
        String path =
            random.nextBoolean() ? model.path(any(PATHS, random)) : any(OTHER_PATHS, random);
        String method = any(METHODS, random);
        String field = any(NAMES, random) + ": " + value(random);
        String what = "seed %s, request %s: %s %s %s".formatted(seed, i, method, path, field);
        Reply reply = send(method, path, field);
        assertThat(reply.status()).as(what).isLessThan(500);
        if (reply.status() >= 400 && !method.equals("HEAD")) {
          assertThat(reply.problem().toString()).as(what).doesNotContain("Exception", "\tat ");
        }
        assertThat(log.warnings()).as(what).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "PUT, '', Content-Type: application/json\u0080",
    "PUT, /rounds/0/updates/a, Content-Type: \u009f",
    "GET, /weights, Range: bytes=0-\u0085",
    "HEAD, /events, Last-Event-ID: \u0090",
    "GET, /weights, If-None-Match: \"\u0080\""
  })
  void controlCharacter_inAFieldThatIsRead_isMalformed(String method, String path, String field)
      throws IOException {
    Model model = Model.create(Model.PLAIN);
    Reply reply = send(method, model.path(path), field);
    if (method.equals("HEAD")) {
      reply.is(400);
    } else {
      String name = field.substring(0, field.indexOf(':'));
      assertThat(reply.problem(400, "malformed").path("detail").asString()).contains(name);
    }
  }

  @Test
  void fieldsThatNobodyNeeds_areNotRead() throws IOException {
    String languages = "Accept-Language: a, b, c, d, e, f, g, h, i, j, k";
    send("GET", "/v1/models", languages).is(200);
    send("GET", "/actuator/health/liveness", languages, "Accept: ,,").is(200);
    send("GET", "/actuator/health", "Content-Type: */*").is(200);
    send("GET", "/", languages, "User-Agent: \u00c3\u009c", "Accept: none").is(200);
    Model model = Model.create(Model.PLAIN);
    send("GET", model.path("/weights"), "Accept: text/html,\tapplication/json").is(200);
  }
}
