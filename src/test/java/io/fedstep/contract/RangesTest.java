package io.fedstep.contract;

import static io.fedstep.contract.Http.ACCEPT_JSON;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Parts of downloads, and the conditions before them (RFC 9110, 13 and 14). */
class RangesTest {
  /** What there is to download: of versions without files, with small ones and with large ones. */
  private static final List<String> PATHS =
      List.of(
          "/weights",
          "/versions/0/weights",
          "/versions/1/weights",
          "/versions/1/gradient",
          "/optimizer/state",
          "/versions/0/optimizer/state",
          "/versions/1/optimizer/state");

  private static final Map<String, Reply> WHOLE = new HashMap<>();
  private static Model small;
  private static Model large;

  @BeforeAll
  static void trainOnce() {
    small = trained(3);
    large = trained(20_000);
    for (Model model : List.of(small, large)) {
      for (String path : PATHS) {
        WHOLE.put(model.path(path), model.get(path).is(200));
      }
    }
  }

  private static Model trained(int size) {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [%s]}, "optimizer": {"lrate": 1, "modules": ["rmsprop"]}}\
            """
                .formatted(size));
    var gradient = new byte[4 * size];
    new Random(1).nextBytes(gradient);
    for (int i = 3; i < gradient.length; i += 4) {
      gradient[i] &= 0x3f; // not above 1, so that every value is finite
    }
    model.putOctets(Model.update(0, "alice"), gradient).is(201);
    model.awaitVersion(1);
    return model;
  }

  @AfterAll
  static void delete() {
    large.http().delete(large.path("")).is(204);
  }

  /** Does something with every download. */
  private static void forEach(Case test) {
    for (Model model : List.of(small, large)) {
      for (String path : PATHS) {
        test.check(model, path, Objects.requireNonNull(WHOLE.get(model.path(path))));
      }
    }
  }

  private interface Case {
    void check(Model model, String path, Reply whole);
  }

  private static String fill(String template, Reply whole) {
    int size = whole.body().length;
    return template
        .replace("half", Integer.toString(size / 2))
        .replace("last", Integer.toString(size - 1))
        .replace("size", Integer.toString(size));
  }

  /** Asks for a range, as whoever has a part of that very version. */
  private static Reply part(Model model, String path, Reply whole, String... fields) {
    var all = new ArrayList<>(List.of(fields));
    all.add("If-Range: " + whole.header("ETag"));
    return model.get(path, all.toArray(String[]::new));
  }

  private static void checkPart(Reply part, Reply whole, String from, String to) {
    part.is(206);
    int first = Integer.parseInt(fill(from, whole));
    int last = Integer.parseInt(fill(to, whole));
    assertThat(part.header("Content-Range"))
        .isEqualTo("bytes %s-%s/%s".formatted(first, last, whole.body().length));
    assertThat(part.header("Content-Length")).isEqualTo(Integer.toString(last - first + 1));
    assertThat(part.body()).isEqualTo(Arrays.copyOfRange(whole.body(), first, last + 1));
    for (String same : List.of("ETag", "Content-Type", "Vary", "Cache-Control", "Accept-Ranges")) {
      assertThat(part.header(same)).as(same).isEqualTo(whole.header(same)).isNotEmpty();
    }
  }

  private static void checkWhole(Reply answer, Reply whole) {
    assertThat(answer.is(200).body()).isEqualTo(whole.body());
    assertThat(answer.header("Content-Range")).isEmpty();
    assertThat(answer.header("Accept-Ranges")).isEqualTo("bytes");
  }

  // --- the range

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          bytes=0-0                         | 0    | 0
          bytes=0-                          | 0    | last
          bytes=0-last                      | 0    | last
          bytes=1-last                      | 1    | last
          bytes=2-7                         | 2    | 7
          bytes=half-                       | half | last
          bytes=3-half                      | 3    | half
          bytes=last-                       | last | last
          bytes=last-last                   | last | last
          bytes=5-size                      | 5    | last
          bytes=5-99999999999999999999999   | 5    | last
          bytes=-1                          | last | last
          bytes=-size                       | 0    | last
          bytes=-99999999999999999999999    | 0    | last
          BYTES=3-4                         | 3    | 4
          bytes=,3-4, ,                     | 3    | 4
          """)
  void range_thatIsThere_isSentAlone(String range, String from, String to) {
    forEach((model, path, whole) ->
        checkPart(part(model, path, whole, "Range: " + fill(range, whole)), whole, from, to));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bytes=size-",
        "bytes=size-size",
        "bytes=size-99999999999999999999999",
        "bytes=99999999999999999999999-",
        "bytes=-0"
      })
  void range_thatIsNotThere_isRefused(String range) {
    forEach((model, path, whole) -> {
      Reply reply = part(model, path, whole, "Range: " + fill(range, whole));
      JsonNode problem = reply.problem(416, "range-not-satisfiable");
      assertThat(problem.path("length").asLong()).isEqualTo(whole.body().length);
      assertThat(reply.header("Content-Range")).isEqualTo("bytes */" + whole.body().length);
    });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bytes=",
        "bytes=-",
        "bytes=5",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=0 - 1",
        "bytes=+1-2",
        "bytes=0x1-2",
        "bytes=--1",
        "bytes=1-2-3",
        "bytes 0-1",
        "0-1",
        "items=0-1",
        "bytes=0-1,3-4",
        "bytes=size-,0-1"
      })
  void range_thatIsMalformedOfAnotherUnitOrSeveral_isIgnored(String range) {
    forEach((model, path, whole) ->
        checkWhole(part(model, path, whole, "Range: " + fill(range, whole)), whole));
  }

  @Test
  void range_onTwoLines_isAListAndIgnored() {
    Reply whole = small.get("/weights");
    checkWhole(small.get("/weights", "Range: bytes=0-1", "Range: bytes=2-3"), whole);
  }

  @Test
  void range_ofJson_isIgnored() {
    for (String path : List.of("/weights", "/versions/1/gradient")) {
      Reply reply = small.get(path, ACCEPT_JSON, "Range: bytes=0-1").is(200);
      assertThat(reply.json().path("version").asLong()).isEqualTo(1);
      assertThat(reply.header("Accept-Ranges")).isEmpty();
    }
  }

  @Test
  void head_isThatOfTheWholeWhateverTheRange() {
    forEach((model, path, whole) -> {
      for (String range : List.of("bytes=0-1", "bytes=size-", "items=0-1")) {
        Reply head = model.http().head(model.path(path), "Range: " + fill(range, whole)).is(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.header("Content-Range")).isEmpty();
        for (String same : List.of("ETag", "Content-Type", "Content-Length", "Accept-Ranges")) {
          assertThat(head.header(same)).as(same).isEqualTo(whole.header(same)).isNotEmpty();
        }
      }
    });
  }

  @Test
  void ranges_oneAfterTheOther_areTheWhole() {
    Random random = new Random(2);
    forEach((model, path, whole) -> {
      var parts = new ArrayList<byte[]>();
      int size = whole.body().length;
      for (int from = 0; from < size; ) {
        int to = Math.min(size - 1, from + random.nextInt(Math.max(2, size / 3)));
        String range = "Range: bytes=%s-%s".formatted(from, to);
        parts.add(part(model, path, whole, range).is(206).body());
        from = to + 1;
      }
      assertThat(Vectors.joined(parts)).isEqualTo(whole.body());
    });
  }

  // --- If-Range

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ETAG                          | 206
          W/ETAG                        | 200
          "other"                       | 200
          ETAG, "other"                 | 200
          *                             | 200
          Sun, 06 Nov 1994 08:49:37 GMT | 200
          """)
  void ifRange_isTheStrongTagOrTheWholeIsSent(String condition, int status) {
    forEach((model, path, whole) -> {
      String ifRange = "If-Range: " + condition.replace("ETAG", whole.header("ETag"));
      Reply reply = model.get(path, ifRange, "Range: bytes=2-5");
      if (status == 206) {
        checkPart(reply, whole, "2", "5");
        model.get(path, ifRange, fill("Range: bytes=size-", whole)).is(416);
      } else {
        checkWhole(reply, whole);
        checkWhole(model.get(path, ifRange, fill("Range: bytes=size-", whole)), whole);
      }
      checkWhole(model.get(path, ifRange), whole);
    });
  }

  @Test
  void range_withoutIfRange_countsOnlyWhereTheAddressNamesAVersion() {
    forEach((model, path, whole) -> {
      for (String range : List.of("bytes=2-5", "bytes=half-", "bytes=size-", "bytes=-3")) {
        Reply reply = model.get(path, "Range: " + fill(range, whole));
        if (!path.startsWith("/versions/")) {
          checkWhole(reply, whole);
        } else {
          assertThat(reply.status()).isEqualTo(range.equals("bytes=size-") ? 416 : 206);
        }
      }
    });
  }

  @Test
  void resuming_afterTheNextRound_sendsTheWholeOfTheNewVersion() {
    Model model = trained(3);
    Reply before = model.get("/weights").is(200);
    String ifRange = "If-Range: " + before.header("ETag");
    checkPart(model.get("/weights", ifRange, "Range: bytes=5-"), before, "5", "last");
    model.advance("[1, 2, 3]");
    Reply after = model.get("/weights").is(200);
    assertThat(after.body()).isNotEqualTo(before.body());
    checkWhole(model.get("/weights", ifRange, "Range: bytes=5-"), after);
  }

  // --- the other conditions come first

  @Test
  void ifNoneMatch_comesBeforeTheRange() {
    forEach((model, path, whole) -> {
      String known = "If-None-Match: " + whole.header("ETag");
      String ifRange = "If-Range: " + whole.header("ETag");
      Reply reply = model.get(path, known, ifRange, "Range: bytes=0-1").is(304);
      assertThat(reply.header("Content-Range")).isEmpty();
      model.get(path, known, fill("Range: bytes=size-", whole)).is(304);
      String other = "If-None-Match: \"other\"";
      checkPart(model.get(path, other, ifRange, "Range: bytes=0-1"), whole, "0", "1");
    });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ETAG          | 206
          "other", ETAG | 206
          *             | 206
          "other"       | 412
          W/ETAG        | 412
          """)
  void ifMatch_comesBeforeAllOthers(String condition, int status) {
    forEach((model, path, whole) -> {
      String etag = whole.header("ETag");
      String ifMatch = "If-Match: " + condition.replace("ETAG", etag);
      Reply reply = part(model, path, whole, ifMatch, "Range: bytes=0-1").is(status);
      if (status == 206) {
        checkPart(reply, whole, "0", "1");
        model.get(path, ifMatch, "If-None-Match: " + etag).is(304);
      } else {
        reply.problem(412, "precondition-failed");
        model.get(path, ifMatch, "If-None-Match: " + etag).is(412);
        model.http().head(model.path(path), ifMatch).is(412);
      }
    });
  }

  @Test
  void wait_forAPart_isAnsweredWithTheWholeOfTheNewVersion() {
    Model model = trained(3);
    Reply before = model.get("/weights").is(200);
    String known = "If-None-Match: " + before.header("ETag");
    model.get("/weights?wait=1ms", known, "Range: bytes=4-7").is(304);
    var blind = model.http().getLater(model.path("/weights?wait=60s"), known, "Range: bytes=4-7");
    var resumed =
        model
            .http()
            .getLater(
                model.path("/weights?wait=60s"),
                known,
                "Range: bytes=4-7",
                "If-Range: " + before.header("ETag"));
    model.advance("[1, 2, 3]");
    Reply after = model.get("/weights").is(200);
    checkWhole(blind.join(), after);
    checkWhole(resumed.join(), after);
  }
}
