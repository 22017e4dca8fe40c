package io.fedstep.contract;

import static io.fedstep.contract.Http.ACCEPT_JSON;
import static io.fedstep.contract.Model.PLAIN;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.f8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Reading and awaiting weights. */
class WeightsTest {
  private static final String TWO_TENSORS =
      """
      {"tensors": {"w": [2, 2], "b": []}, "dtype": "%s",
       "optimizer": {"lrate": 1, "modules": []}}\
      """;

  private static Model twoTensors() {
    return Model.create(TWO_TENSORS.formatted("float32"));
  }

  // --- representations

  @Test
  void weights_areZerosInTheBeginning() {
    assertThat(twoTensors().weights()).isEqualTo(f4(0, 0, 0, 0, 0));
    assertThat(Model.create(TWO_TENSORS.formatted("float64")).weights())
        .isEqualTo(f8(0, 0, 0, 0, 0));
  }

  @Test
  void weights_asOctets_areTheFlatVector() {
    Model model = twoTensors();
    model.putJson("/weights", "{\"weights\": [1.5, -2, 3, 0.1, 5]}").is(200);
    Reply reply = model.get("/weights").is(200);
    assertThat(reply.body()).isEqualTo(f4(1.5, -2, 3, 0.1, 5));
    assertThat(reply.header("Content-Type")).isEqualTo("application/octet-stream");
    assertThat(reply.header("Content-Length")).isEqualTo("20");
    assertThat(reply.header("Fedstep-Version")).isEqualTo("0");
    assertThat(reply.header("Cache-Control")).isEqualTo("no-cache");
    assertThat(reply.header("Vary").split(", *")).contains("Accept", "Accept-Encoding");
  }

  @ParameterizedTest
  @CsvSource({"float32, 0.1, 16777216", "float64, 0.30000000000000004, 9007199254740993"})
  void weights_asJson_areTheTensorsInShortestText(String dtype, String decimal, String integer) {
    Model model = Model.create(TWO_TENSORS.formatted(dtype));
    model
        .putJson("/weights", "{\"weights\": [%s, -2, %s, -0.0, 5]}".formatted(decimal, integer))
        .is(200);
    Reply reply = model.get("/weights", ACCEPT_JSON).is(200);
    assertThat(reply.header("Content-Type")).startsWith("application/json");
    assertThat(reply.header("Fedstep-Version")).isEqualTo("0");
    assertThat(reply.text()).contains(decimal).contains("-0");
    JsonNode json = reply.json();
    assertThat(json.path("version").asLong()).isZero();
    assertThat(json.path("weights").propertyNames()).containsExactly("w", "b");
    assertThat(json.path("weights").path("w").path(0).path(0).asDouble())
        .isEqualTo(Double.parseDouble(decimal));
    assertThat(json.path("weights").path("w").path(1).path(0).asDouble())
        .isEqualTo(Double.parseDouble(integer));
    assertThat(json.path("weights").path("w").path(1).path(1).asDouble()).isEqualTo(-0.0);
    assertThat(json.path("weights").path("b").asDouble()).isEqualTo(5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          */*                                                    | application/octet-stream
          application/octet-stream                               | application/octet-stream
          application/*                                          | application/octet-stream
          application/json                                       | application/json
          APPLICATION/JSON                                       | application/json
          application/json, application/octet-stream;q=0.9       | application/json
          application/octet-stream;q=0.5, application/json;q=0.8 | application/json
          application/json;q=0.2, */*;q=0.1                      | application/json
          application/json;q=0, */*                              | application/octet-stream
          application/octet-stream;q=0, */*                      | application/json
          text/html, application/json;q=0.1                      | application/json
          """)
  void accept_choosesTheRepresentation(String accept, String type) {
    Model model = Model.create(PLAIN);
    assertThat(model.get("/weights", "Accept: " + accept).is(200).header("Content-Type"))
        .startsWith(type);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"text/html", "application/json;q=0", "text/*", "application/x-npz", "*/*;q=0"})
  void accept_ofNothingThereIs_isNotAcceptable(String accept) {
    Model model = Model.create(PLAIN);
    model.get("/weights", "Accept: " + accept).problem(406, "not-acceptable");
  }

  // --- tags

  @Test
  void tags_differByRepresentation() {
    Model model = Model.create(PLAIN);
    String base = model.base();
    assertThat(model.get("/weights").header("ETag")).isEqualTo("\"" + base + "\"");
    assertThat(model.get("/weights", ACCEPT_JSON).header("ETag"))
        .isEqualTo("\"" + base + ".json\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "%s"                        | 304
          W/"%s"                      | 304
          "other", "%s"               | 304
          "a,b" ,W/"x",W/"%s" , "c"   | 304
          *                           | 304
          "other"                     | 200
          "%s.json"                   | 200
          """)
  void ifNoneMatch_comparesTagsAsHttpSays(String condition, int status) {
    Model model = Model.create(PLAIN);
    Reply reply =
        model.get("/weights", "If-None-Match: " + condition.replace("%s", model.base())).is(status);
    if (status == 304) {
      assertThat(reply.body()).isEmpty();
      assertThat(reply.header("ETag")).isEqualTo("\"" + model.base() + "\"");
      assertThat(reply.header("Cache-Control")).isEqualTo("no-cache");
      assertThat(reply.header("Vary")).contains("Accept");
    }
  }

  @Test
  void ifNoneMatch_onTwoLines_isOneList() {
    Model model = Model.create(PLAIN);
    model
        .get("/weights", "If-None-Match: \"other\"", "If-None-Match: \"" + model.base() + "\"")
        .is(304);
  }

  @Test
  void tag_ofAVersion_isTheSameUnderItsNumber() {
    Model model = Model.create(PLAIN);
    String first = model.get("/weights").header("ETag");
    model.advance("[1, 2, 3]");
    String second = model.get("/weights").header("ETag");
    assertThat(second).isNotEqualTo(first);
    assertThat(model.get("/versions/0/weights").header("ETag")).isEqualTo(first);
    assertThat(model.get("/versions/1/weights").header("ETag")).isEqualTo(second);
    model.get("/versions/0/weights", "If-None-Match: " + first).is(304);
  }

  @Test
  void head_answersWithoutTheBody() {
    Model model = Model.create(PLAIN);
    Reply head = model.http().head(model.path("/weights")).is(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.header("Content-Length")).isEqualTo("12");
    assertThat(head.header("ETag")).isEqualTo("\"" + model.base() + "\"");
    assertThat(head.header("Fedstep-Version")).isEqualTo("0");
    model.http().head(model.path("/weights"), "If-None-Match: \"" + model.base() + "\"").is(304);
    assertThat(Model.unborn().http().head("/v1/models/none/weights").is(404).body()).isEmpty();
  }

  // --- waiting

  @ParameterizedTest
  @ValueSource(strings = {"\"%s\"", "\"%s.json\"", "W/\"%s\"", "\"x\", \"%s.json\""})
  void wait_forAnotherVersion_isWokenByTheClose(String tag) {
    Model model = Model.create(PLAIN);
    String condition = "If-None-Match: " + tag.replace("%s", model.base());
    var waiting = model.http().getLater(model.path("/weights?wait=60s"), condition);
    model.submit(0, "alice", "{\"gradient\": [1, 2, 3]}").is(201);
    Reply reply = waiting.join().is(200);
    assertThat(reply.header("Fedstep-Version")).isEqualTo("1");
    assertThat(reply.body()).isEqualTo(f4(-1, -2, -3));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"%s\"", "\"%s.json\"", "*"})
  void wait_inVain_is304(String tag) {
    Model model = Model.create(PLAIN);
    model.get("/weights?wait=50ms", "If-None-Match: " + tag.replace("%s", model.base())).is(304);
  }

  @Test
  void wait_withNothingToCompare_returnsAtOnce() {
    Model model = Model.create(PLAIN);
    model.get("/weights?wait=60s").is(200);
    model.get("/weights?wait=60s", "If-None-Match: \"other\"").is(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"50ms", "0s", "1m", "2h", "1d", "3600s", "99999999999999999999999s"})
  void wait_ofAnyLength_isTaken(String wait) {
    Model.create(PLAIN).get("/weights?wait=" + wait).is(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "50", "s", "-1s", "1w", "1s2", "%201s", "1%20s", "NaNs", "1S"})
  void wait_thatIsNoDuration_isMalformed(String wait) {
    Model model = Model.create(PLAIN);
    model.get("/weights?wait=" + wait).problem(400, "malformed");
    model.get("/rounds/current?after=0&wait=" + wait).problem(400, "malformed");
  }

  @Test
  void wait_givenTwice_isMalformed() {
    Model.create(PLAIN).get("/weights?wait=1ms&wait=1ms").problem(400, "malformed");
  }

  @Test
  void wait_isWokenByARestoreToo() {
    Model model = Model.create(PLAIN);
    var waiting =
        model
            .http()
            .getLater(model.path("/weights?wait=60s"), "If-None-Match: \"" + model.base() + "\"");
    model.post("/versions/0/restore").is(201);
    assertThat(waiting.join().is(200).header("Fedstep-Version")).isEqualTo("1");
  }
}
