package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.bytes;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.hex;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.ThinGoldens;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** SCAFFOLD by one scalar: rounds as the reference has them, and what updates say. */
@OneMachine("several machines refuse scaffold-server")
class ScaffoldTest {
  private static final String ROUND = "Fedstep-Control-Round";

  /** A spec of one tensor of two values, rounds of one update. */
  static String spec(String more) {
    return """
    {"tensors": {"w": [2]}, "optimizer": {"lrate": 1.0, "modules": ["scaffold-server"]},
     "aggregator": ["averaging", {"steps_weighted": false}]%s}\
    """
        .formatted(more);
  }

  static Model model() {
    return Model.create(spec(""));
  }

  static Reply submit(Model model, long round, String client, String query, double... u) {
    return model.putOctets(update(round, client) + query, f4(u));
  }

  static void run(Model model, long round, String client, String query) {
    submit(model, round, client, query, 0.5, -1).is(201);
    model.awaitVersion(round + 1);
  }

  static Stream<JsonNode> goldens() {
    return ThinGoldens.json("scaffold").valueStream();
  }

  /** The updates of a round, by client. */
  static void submitAll(Model model, int round, JsonNode updates) {
    updates
        .properties()
        .forEach(entry -> {
          JsonNode one = entry.getValue();
          JsonNode control = one.required("control");
          String query =
              "?weight=%s&local_rate=%s&control=%s"
                  .formatted(
                      one.required("weight"),
                      one.required("local_rate"),
                      control.isString() ? control.stringValue() : control.longValue());
          String path = update(round, entry.getKey()) + query;
          byte[] row = bytes(one.required("row").stringValue());
          JsonNode receipt = model.putOctets(path, row).is(201).json();
          assertThat(receipt.required("local_rate")).isEqualTo(one.required("local_rate"));
          assertThat(model.putOctets(path, row).is(200).json()).isEqualTo(receipt);
        });
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void rounds_areTheReferences(JsonNode golden) {
    Model model = Model.create(golden.required("spec").toString());
    model.putOctets("/weights", bytes(golden.required("weights").stringValue())).is(200);
    assertThat(model.get("/optimizer/state").text())
        .isEqualTo(golden.required("initial_state").stringValue());
    int version = 0;
    for (JsonNode round : golden.required("rounds").values()) {
      for (String address : new String[] {"/control", "/versions/" + version + "/control"}) {
        assertThat(hex(model.get(address).is(200).body()))
            .isEqualTo(round.required("control").stringValue());
        for (String client : new String[] {"c9", "c-1", "c10", "C2", "a", "nobody"}) {
          assertThat(model.get(address + "?client=" + client).is(200).header(ROUND))
              .isEqualTo(round.required("control_rounds").path(client).asString(""));
        }
      }
      submitAll(model, version, round.required("updates"));
      model.awaitVersion(++version);
      assertThat(hex(model.get("/versions/" + version + "/gradient").is(200).body()))
          .isEqualTo(round.required("gradient").stringValue());
      assertThat(hex(model.weights())).isEqualTo(round.required("weights").stringValue());
      assertThat(model.get("/optimizer/state").text())
          .isEqualTo(round.required("state").stringValue());
    }
    assertThat(version).isEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({
    "?local_rate=0.5, 201, ",
    "?local_rate=1e-12, 201, ",
    "?local_rate=1e12&control=none, 201, ",
    "?local_rate=2&control=lost, 201, ",
    "'', 422, bad-rate",
    "?local_rate=0, 422, bad-rate",
    "?local_rate=-1, 422, bad-rate",
    "?local_rate=9e-13, 422, bad-rate",
    "?local_rate=1.1e12, 422, bad-rate",
    "?local_rate=nan, 422, bad-rate",
    "?local_rate=inf, 422, bad-rate",
    "?local_rate=, 400, malformed",
    "?local_rate=fast, 400, malformed",
    "?local_rate=1&local_rate=1, 400, malformed",
    "?local_rate=1&control=, 400, malformed",
    "?local_rate=1&control=-1, 400, malformed",
    "?local_rate=1&control=None, 400, malformed",
    "?local_rate=1&control=0, 409, control-differs",
  })
  void update_saysHowItWasComputed(String query, int status, String code) {
    Reply reply = submit(model(), 0, "alice", query, 1, 2);
    if (code == null) {
      reply.is(status);
    } else {
      reply.problem(status, code);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'local_rate': 0.5|201|",
        "'local_rate': 0.5, 'control': 'none'|201|",
        "'local_rate': 0.5, 'control': 'lost'|201|",
        "'weight': 3|422|bad-rate",
        "'local_rate': 0|422|bad-rate",
        "'local_rate': NaN|422|bad-rate",
        "'local_rate': '1'|400|malformed",
        "'local_rate': null|400|malformed",
        "'local_rate': 1, 'control': null|400|malformed",
        "'local_rate': 1, 'control': '0'|400|malformed",
        "'local_rate': 1, 'control': 1.5|400|malformed",
        "'local_rate': 1, 'control': -1|400|malformed",
        "'local_rate': 1, 'control': 123456789012345678901234567890|400|malformed",
        "'local_rate': 1, 'control': 0|409|control-differs",
      })
  void update_saysSoInJson(String members, int status, String code) {
    String json = "{'gradient': [1, 2], %s}".formatted(members).replace('\'', '"');
    Reply reply = model().submit(0, "alice", json);
    if (code == null) {
      assertThat(reply.is(status).json().required("local_rate").doubleValue()).isEqualTo(0.5);
    } else {
      reply.problem(status, code);
    }
  }

  @Test
  void otherModels_takeNeither() {
    Model plain = Model.create(Model.PLAIN);
    for (String query : new String[] {"?local_rate=1", "?control=none", "?control=lost"}) {
      plain.putOctets(update(0, "alice") + query, f4(1, 2, 3)).problem(422, "bad-rate");
    }
    plain
        .submit(0, "alice", "{\"gradient\": [1, 2, 3], \"local_rate\": 1}")
        .problem(422, "bad-rate");
    JsonNode receipt = plain.putOctets(update(0, "alice"), f4(1, 2, 3)).is(201).json();
    assertThat(receipt.has("local_rate")).isFalse();
    plain.get("/control").problem(404, "control-not-found");
    plain.get("/versions/0/control").problem(404, "control-not-found");
  }

  @Test
  void receiptsAndRecords_showTheRate_andARepeatHasTheSame() {
    Model model = model();
    JsonNode receipt = submit(model, 0, "alice", "?local_rate=0.25", 1, 2).is(201).json();
    model.awaitVersion(1);
    assertThat(receipt.required("local_rate").doubleValue()).isEqualTo(0.25);
    assertThat(receipt.has("control")).isFalse();
    submit(model, 0, "alice", "?local_rate=0.5", 1, 2).problem(409, "update-differs");
    submit(model, 0, "alice", "?local_rate=0.5", 2, 2).problem(409, "update-differs");
    // its control is not compared: it is that of round 0 by now
    assertThat(submit(model, 0, "alice", "?local_rate=0.25&control=7", 1, 2).is(200).json())
        .isEqualTo(receipt);
    assertThat(model.get(update(0, "alice")).json()).isEqualTo(receipt);
    JsonNode client = model.get("/rounds/0").json().required("clients").required(0);
    assertThat(client.required("local_rate").doubleValue()).isEqualTo(0.25);
  }

  @Test
  void updatesOfTheOpenRound_showTheirControls_andThoseOfOthersThatOneWasLost() {
    Model model = Model.create(spec(", \"round\": {\"min_updates\": 3}"));
    for (String client : new String[] {"alice", "bob", "carol"}) {
      submit(model, 0, client, "?local_rate=1", 1, 2).is(201);
    }
    model.awaitVersion(1);
    submit(model, 1, "alice", "?local_rate=1&control=0", 1, 2).is(201);
    submit(model, 1, "dora", "?local_rate=1", 1, 2).is(201);
    assertThat(controls(model, 1)).containsExactly("alice 0", "dora null");
    submit(model, 1, "bob", "?local_rate=1&control=lost", 1, 2).is(201);
    model.awaitVersion(2);
    assertThat(controls(model, 1)).containsExactly("alice ", "bob \"lost\"", "dora ");
  }

  private static List<String> controls(Model model, int round) {
    return model
        .get("/rounds/%s/updates".formatted(round))
        .is(200)
        .json()
        .required("updates")
        .valueStream()
        .map(one -> one.required("client").stringValue() + " " + one.path("control"))
        .toList();
  }

  @Test
  void updateWithAnotherControl_isRefusedByItsHead() {
    Model model = model();
    run(model, 0, "alice", "?local_rate=1");
    JsonNode none = submit(model, 1, "alice", "?local_rate=1").problem(409, "control-differs");
    assertThat(none.required("expected").longValue()).isZero();
    assertThat(none.required("actual").isNull()).isTrue();
    JsonNode first =
        submit(model, 1, "bob", "?local_rate=1&control=0").problem(409, "control-differs");
    assertThat(first.required("expected").isNull()).isTrue();
    assertThat(first.required("actual").longValue()).isZero();
    model
        .putJson(update(1, "alice") + "?control=1", "none of it is read")
        .problem(409, "control-differs");
    run(model, 1, "alice", "?local_rate=1&control=0");
    assertThat(model.get("/control?client=alice").header(ROUND)).isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "?partial=true"})
  void updateWithoutATensor_isRefused(String query) {
    Model model = Model.create(spec("").replace("{\"w\": [2]}", "{\"w\": [2], \"v\": [3]}"));
    model
        .submit(0, "alice" + query, "{\"gradient\": {\"w\": [1, 2]}, \"local_rate\": 1}")
        .problem(422, "wrong-shape");
    model
        .submit(
            0,
            "alice" + query,
            "{\"gradient\": {\"w\": [1, 2], \"v\": [1, 2, 3]}, \"local_rate\": 1}")
        .is(201);
  }

  @Test
  void valuesThatAreLeftOut_areOfNoUse() {
    Model model = Model.create(spec("").replace("[2]", "[16]"));
    String header =
        "{\"__metadata__\":{\"fedstep.encoding\":\"top-k\"},"
            + "\"w:index\":{\"dtype\":\"U32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"w:values\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}";
    var body = new byte[8 + header.length() + 8];
    body[0] = (byte) header.length();
    body[1] = (byte) (header.length() >> 8);
    System.arraycopy(header.getBytes(UTF_8), 0, body, 8, header.length());
    model
        .http()
        .put(
            model.path(update(0, "alice") + "?local_rate=1"),
            body,
            "Content-Type: application/x-safetensors")
        .problem(415, "unsupported-format");
  }
}
