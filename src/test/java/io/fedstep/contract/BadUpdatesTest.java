package io.fedstep.contract;

import static io.fedstep.contract.Http.JSON;
import static io.fedstep.contract.Http.OCTETS;
import static io.fedstep.contract.Model.PLAIN;
import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.f4;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLEncoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Updates that are wrong in themselves: values, shapes, weights, forms. */
class BadUpdatesTest {
  private static final String GRADIENT = "{\"gradient\": [0.1, -0.2, 0.3]}";
  private static final byte[] OTHER = f4(9, 9, 9);

  // --- 422

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {'w': [1, 2], 'v': [[1, NaN], [3, 4]]}        | v | 3
          {'v': [[1, 2], [3, Infinity]], 'w': [1, 2]}   | v | 5
          [1, -Infinity, 3, 4, 5, 6]                    | w | 1
          [1, 2, 3, 4, 5, 1e400]                        | v | 5
          [1, 2, 3, -1e39, 5, 6]                        | v | 3
          [3.4028236e38, 2, 3, 4, 5, 6]                 | w | 0
          """)
  void update_thatIsNotFinite_isRefusedByPlace(String gradient, String tensor, int index) {
    Model model = Model.create("{\"tensors\": {\"w\": [2], \"v\": [2, 2]}}");
    JsonNode problem =
        model
            .submit(0, "alice", "{\"gradient\": %s}".formatted(gradient.replace('\'', '"')))
            .problem(422, "not-finite");
    assertThat(problem.path("tensor").asString()).isEqualTo(tensor);
    assertThat(problem.path("index").asInt()).isEqualTo(index);
    assertThat(model.current().path("updates").asInt()).isZero();
  }

  @Test
  void update_asOctetsThatAreNotFinite_isRefusedByPlace() {
    Model model = Model.create("{\"tensors\": {\"w\": [2], \"v\": [2, 2]}}");
    for (double value : new double[] {Double.NaN, 1e39, Double.NEGATIVE_INFINITY}) {
      JsonNode problem =
          model
              .putOctets(update(0, "alice"), f4(1, 2, 3, 4, value, Double.NaN))
              .problem(422, "not-finite");
      assertThat(problem.path("tensor").asString()).isEqualTo("v");
      assertThat(problem.path("index").asInt()).isEqualTo(4);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {'w': [1, 2]}                                         | v
          {'v': [[1, 2], [3, 4]]}                               | w
          {'w': [1, 2], 'v': [[1, 2], [3, 4]], 'u': [1]}        | u
          {'w': [1], 'v': [[1, 2], [3, 4]]}                     | w
          {'w': [1, 2, 3], 'v': [[1, 2], [3, 4]]}               | w
          {'w': [[1, 2]], 'v': [[1, 2], [3, 4]]}                | w
          {'w': 1, 'v': [[1, 2], [3, 4]]}                       | w
          {'w': [1, 2], 'v': [1, 2, 3, 4]}                      | v
          {'w': [1, 2], 'v': [[1, 2], [3]]}                     | v
          {'w': [1, 2], 'v': [[1, 2], [3, 4, 5]]}               | v
          {'w': [1, 2], 'v': [[1, 2], [3, 4], [5, 6]]}          | v
          {'w': [1, 2], 'v': [[1, 2], [3, [4]]]}                | v
          """)
  void update_ofTheWrongShape_isRefusedByTensor(String gradient, String tensor) {
    Model model = Model.create("{\"tensors\": {\"w\": [2], \"v\": [2, 2]}}");
    JsonNode problem =
        model
            .submit(0, "alice", "{\"gradient\": %s}".formatted(gradient.replace('\'', '"')))
            .problem(422, "wrong-shape");
    assertThat(problem.path("tensor").asString()).isEqualTo(tensor);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 8, 11, 13, 16, 1024})
  void update_asOctetsOfTheWrongLength_isRefusedInBytes(int length) {
    Model model = Model.create(PLAIN);
    JsonNode problem =
        model.putOctets(update(0, "alice"), new byte[length]).problem(422, "wrong-length");
    assertThat(problem.path("expected").asLong()).isEqualTo(12);
    assertThat(problem.path("actual").asLong()).isEqualTo(length);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = "[]|0\n[1, 2]|2\n[1, 2, 3, 4]|4")
  void update_asJsonOfTheWrongLength_isRefusedInValues(String gradient, int length) {
    Model model = Model.create(PLAIN);
    JsonNode problem =
        model
            .submit(0, "alice", "{\"gradient\": %s}".formatted(gradient))
            .problem(422, "wrong-length");
    assertThat(problem.path("expected").asLong()).isEqualTo(3);
    assertThat(problem.path("actual").asLong()).isEqualTo(length);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "-0.0", "9007199254740994", "1e17", "1e400"})
  void update_ofABadWeight_isRefused(String weight) {
    Model model = Model.create(PLAIN);
    model.putOctets(update(0, "alice") + "?weight=" + weight, OTHER).problem(422, "bad-weight");
    model
        .submit(0, "alice", "{\"weight\": %s, \"gradient\": [1, 2, 3]}".formatted(weight))
        .problem(422, "bad-weight");
    model
        .submit(0, "alice", "{\"gradient\": [1, 2, 3], \"weight\": %s}".formatted(weight))
        .problem(422, "bad-weight");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.5", "1e-300", "600", "9007199254740992"})
  void update_ofAnyWeightInRange_isAccepted(String weight) {
    Model model = Model.create(Model.plain(2, 2));
    double expected = Double.parseDouble(weight);
    JsonNode receipt =
        model.putOctets(update(0, "alice") + "?weight=" + weight, OTHER).is(201).json();
    assertThat(receipt.path("weight").asDouble()).isEqualTo(expected);
    receipt =
        model
            .submit(0, "bob", "{\"gradient\": [1, 2, 3], \"weight\": %s}".formatted(weight))
            .is(201)
            .json();
    assertThat(receipt.path("weight").asDouble()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"loss ", " loss", "", "lo\u2028ss", "\u200b", "LONG"})
  void update_withABadMetricName_isRefused(String name) {
    Model model = Model.create(PLAIN);
    String metric = name.replace("LONG", "m".repeat(129));
    model
        .submit(0, "alice", "{\"gradient\": [1, 2, 3], \"metrics\": {\"%s\": 1}}".formatted(metric))
        .problem(422, "bad-metric");
    model
        .putOctets(
            update(0, "alice") + "?metric.%s=1".formatted(URLEncoder.encode(metric, UTF_8)), OTHER)
        .problem(422, "bad-metric");
  }

  @Test
  void update_withAMetricThatIsNotFinite_isRefused() {
    Model model = Model.create(PLAIN);
    model
        .submit(0, "alice", "{\"gradient\": [1, 2, 3], \"metrics\": {\"loss\": NaN}}")
        .problem(422, "bad-metric");
    model
        .submit(0, "alice", "{\"gradient\": [1, 2, 3], \"metrics\": {\"loss\": 1e400}}")
        .problem(422, "bad-metric");
    model.putOctets(update(0, "alice") + "?metric.loss=1e400", OTHER).problem(422, "bad-metric");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"nan", "NaN", "-nan", "inf", "Inf", "+INF", "-inf", "infinity", "-Infinity"})
  void update_withANumberThatIsNotFinite_isRefused_inAnySpelling(String value) {
    Model model = Model.create(PLAIN);
    model.putOctets(update(0, "alice") + "?metric.loss=" + value, OTHER).problem(422, "bad-metric");
    model.putOctets(update(0, "alice") + "?weight=" + value, OTHER).problem(422, "bad-weight");
    model
        .submit(
            0,
            "alice",
            "{\"gradient\": [1, 2, 3], \"metrics\": {\"loss\": \"%s\"}}".formatted(value))
        .problem(400, "malformed");
  }

  @Test
  void metrics_haveNamesOfPrintableCharacters() {
    Model model = Model.create(PLAIN);
    model
        .putOctets(
            update(0, "alice")
                + "?metric.val/dice=1&metric.top+5=2&metric.acc%405=3&metric.Gr%C3%B6%C3%9Fe=1e+3"
                + "&metric.a%2Bb=5",
            OTHER)
        .is(201);
    JsonNode metrics = model.get("/rounds/0/updates").json().at("/updates/0/metrics");
    assertThat(metrics.propertyNames())
        .containsExactlyInAnyOrder("Größe", "a+b", "acc@5", "top 5", "val/dice");
    assertThat(metrics.path("Größe").asDouble()).isEqualTo(1000);
    model
        .putOctets(update(1, "alice") + "?metric.a+b=1&metric.a%20b=1", OTHER)
        .problem(400, "malformed");
    model.putOctets(update(1, "alice") + "?metric.%FF=1", OTHER).problem(400, "malformed");
  }

  @Test
  void update_withUpTo128Metrics_isAccepted() {
    Model model = Model.create(Model.plain(2, 2));
    var query = new StringBuilder("?metric.").append("m".repeat(128)).append("=0.5");
    for (int i = 1; i < 128; i++) {
      query.append("&metric.M_a.b-%s=-1e3".formatted(i));
    }
    model
        .putOctets(update(0, "alice") + query + "&metric.more=1", OTHER)
        .problem(422, "bad-metric");
    model.putOctets(update(0, "alice") + query, OTHER).is(201);
  }

  // --- 400

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nothing",
        "{}",
        "[1, 2, 3]",
        "{'gradient': [1, 2, 3]",
        "{'gradient': [1, 2",
        "{'gradient': [1, 2, 3]} x",
        "{'gradient': [1, 2, 3]}{}",
        "{'gradient': [1, 2, 3],}",
        "{'gradient': [1, 2, 3,]}",
        "{'gradient': [1, 2, '3']}",
        "{'gradient': [1, 2, null]}",
        "{'gradient': [1, 2, true]}",
        "{'gradient': [1, 2, 0x3]}",
        "{'gradient': {'w': [1, 2, '3']}}",
        "{'gradient': null}",
        "{'gradient': 'AAAA'}",
        "{'gradients': [1, 2, 3]}",
        "{'gradient': [1, 2, 3], 'wieght': 600}",
        "{'gradient': [1, 2, 3], 'weight': '600'}",
        "{'gradient': [1, 2, 3], 'weight': null}",
        "{'gradient': [1, 2, 3], 'weight': [1]}",
        "{'gradient': [1, 2, 3], 'metrics': [1]}",
        "{'gradient': [1, 2, 3], 'metrics': {'loss': '1'}}",
        "{'gradient': [1, 2, 3], 'metrics': {'loss': true}}",
        "{'gradient': [1, 2, 3], 'base': 7}",
        "{'gradient': [1, 2, 3], 'gradient': [1, 2, 3]}",
        "{'gradient': [1, 2, 3], 'weight': 1, 'weight': 1}",
        "{'gradient': {'w': [1, 2, 3], 'w': [1, 2, 3]}}",
        "{'weight': 600}",
      })
  void update_asJsonOfNoDescribedForm_isMalformed(String body) {
    Model model = Model.create(PLAIN);
    model.submit(0, "alice", body.replace('\'', '"')).problem(400, "malformed");
    assertThat(model.current().path("updates").asInt()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "?weight=1&weight=1",
        "?metric.loss=1&metric.loss=1",
        "?base=a&base=a",
        "?weight=",
        "?weight=many",
        "?weight=0x10",
        "?weight=1,5",
        "?weight=%201",
        "?weight=1f",
        "?metric.loss=low",
        "?metric.loss="
      })
  void update_withABadQuery_isMalformed(String query) {
    Model model = Model.create(PLAIN);
    model.putOctets(update(0, "alice") + query, OTHER).problem(400, "malformed");
  }

  @Test
  void numberOfThousandsOfDigits_isMalformed_andNotRepeated() {
    Model model = Model.create(PLAIN);
    String digits = "1".repeat(7400);
    for (String number : new String[] {digits, digits + "x", "." + digits + "e" + digits}) {
      Reply reply =
          model.putOctets(update(0, "alice") + "?weight=" + number.substring(0, 7400), OTHER);
      assertThat(reply.problem(400, "malformed").path("detail").asString()).hasSizeLessThan(200);
    }
    model
        .putOctets(update(0, "alice") + "?weight=" + digits.substring(0, 1000), OTHER)
        .problem(422, "bad-weight");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/rounds/x/updates/alice",
        "/rounds/-1/updates/alice",
        "/rounds/0.0/updates/alice",
        "/rounds/0/updates/-alice",
        "/rounds/0/updates/a%20b",
        "/rounds/0/updates/a@b"
      })
  void update_atABadPath_isMalformed(String path) {
    Model.create(PLAIN).putOctets(path, OTHER).problem(400, "malformed");
  }

  @Test
  void update_fromClientNamesUpTo128Characters_works() {
    Model model = Model.create(Model.plain(2, 2));
    model.submit(0, "Az.0_-" + "x".repeat(123), GRADIENT).problem(400, "malformed");
    model.submit(0, "Az.0_-" + "x".repeat(122), GRADIENT).is(201);
  }

  @Test
  void update_ofARange_isMalformed() {
    Model model = Model.create(PLAIN);
    model
        .http()
        .put(model.path(update(0, "alice")), OTHER, OCTETS, "Content-Range: bytes 0-11/12")
        .problem(400, "malformed");
  }

  // --- 415

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Type: application/x-npz",
        "Content-Type: text/plain",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Type: application/vnd.api+json",
        "X-None: 1"
      })
  void update_ofAnUnknownType_isUnsupported(String header) {
    Model model = Model.create(PLAIN);
    model
        .http()
        .put(model.path(update(0, "alice")), OTHER, header)
        .problem(415, "unsupported-format");
  }

  @ParameterizedTest
  @ValueSource(strings = {"br", "deflate", "compress", "gzip, zstd"})
  void update_inAnUnknownEncoding_isUnsupported(String encoding) {
    Model model = Model.create(PLAIN);
    for (String type : new String[] {OCTETS, JSON}) {
      model
          .http()
          .put(model.path(update(0, "alice")), OTHER, type, "Content-Encoding: " + encoding)
          .problem(415, "unsupported-format");
    }
  }

  @Test
  void update_ofATypeWithParameters_isAccepted() {
    Model model = Model.create(Model.plain(2, 2));
    model.http().put(model.path(update(0, "alice")), OTHER, OCTETS + "; dtype=float32").is(201);
    model
        .http()
        .put(model.path(update(0, "bob")), GRADIENT, "Content-Type: Application/JSON;charset=utf-8")
        .is(201);
  }
}
