package io.fedstep.contract;

import static io.fedstep.contract.Http.JSON;
import static io.fedstep.contract.Http.OCTETS;
import static io.fedstep.contract.Model.PLAIN;
import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.packed;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Setting the weights of version 0. */
class InitialWeightsTest {
  private static Model twoTensors() {
    return Model.create("{\"tensors\": {\"w\": [2, 2], \"b\": []}}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[1, 2, 3, 4, 5]",
        "{'w': [[1, 2], [3, 4]], 'b': 5}",
        "{'b': 5, 'w': [[1, 2], [3, 4]]}",
        "{'__type__': 'NumpyVector', 'dump': {'w': W, 'b': B}}",
        "{'__type__': 'TorchVector', 'dump': {'b': B, 'w': W}}"
      })
  void putWeights_asJson_setsVersionZero(String weights) {
    Model model = twoTensors();
    String json =
        weights
            .replace("W", packed(f4(1, 2, 3, 4), "f", "[2, 2]"))
            .replace("B", packed(f4(5), "f", "[]"))
            .replace('\'', '"');
    JsonNode answer = model.putJson("/weights", "{\"weights\": %s}".formatted(json)).is(200).json();
    assertThat(answer.path("model").asString()).isEqualTo(model.name());
    assertThat(answer.path("version").asLong()).isZero();
    assertThat(answer.path("base").asString()).isEqualTo(model.base());
    assertThat(model.weights()).isEqualTo(f4(1, 2, 3, 4, 5));
  }

  @Test
  void putWeights_asOctets_setsVersionZero() {
    Model model = Model.create(PLAIN);
    String zeros = model.base();
    model.putOctets("/weights", f4(1, -0.0, 3)).is(200);
    assertThat(model.weights()).isEqualTo(f4(1, -0.0, 3));
    assertThat(model.base()).isNotEqualTo(zeros);
    assertThat(model.current().path("base").asString()).isEqualTo(model.base());
    assertThat(model.current().path("round").asLong()).isZero();
    assertThat(model.get("/versions").json().path("versions").path(0).path("made_by").asString())
        .isEqualTo("weights");
    model.submit(0, "alice", "{\"gradient\": [1, 1, 1]}").is(201);
    model.awaitVersion(1);
    assertThat(model.weights()).isEqualTo(f4(0, -1, 2));
  }

  @Test
  void putWeights_again_is200ForTheSameAnd409ForOthers() {
    Model model = Model.create(PLAIN);
    Reply first = model.putOctets("/weights", f4(1, 2, 3)).is(200);
    assertThat(model.putOctets("/weights", f4(1, 2, 3)).is(200).json()).isEqualTo(first.json());
    assertThat(model.putJson("/weights", "{\"weights\": [1, 2, 3]}").is(200).json())
        .isEqualTo(first.json());
    model.putOctets("/weights", f4(1, 2, 4)).problem(409, "already-started");
    assertThat(model.weights()).isEqualTo(f4(1, 2, 3));
  }

  @Test
  void putWeights_afterAnUpdate_is409() {
    Model model = Model.create(Model.plain(2, 2));
    model.submit(0, "alice", "{\"gradient\": [1, 2, 3]}").is(201);
    model.putOctets("/weights", f4(1, 2, 3)).problem(409, "already-started");
    model.submit(0, "bob", "{\"gradient\": [1, 2, 3]}").is(201);
    model.awaitVersion(1);
    model.putOctets("/weights", f4(1, 2, 3)).problem(409, "already-started");
  }

  @Test
  void putWeights_thatDoNotFit_areRefused() {
    Model model = Model.create(PLAIN);
    JsonNode notFinite =
        model.putOctets("/weights", f4(1, Double.NaN, 3)).problem(422, "not-finite");
    assertThat(notFinite.path("tensor").asString()).isEqualTo("w");
    assertThat(notFinite.path("index").asInt()).isEqualTo(1);
    model.putOctets("/weights", f4(1, 2)).problem(422, "wrong-length");
    model.putJson("/weights", "{\"weights\": [1, 2]}").problem(422, "wrong-length");
    model.putJson("/weights", "{\"weights\": {\"v\": [1, 2, 3]}}").problem(422, "wrong-shape");
    model.putJson("/weights", "{\"weight\": [1, 2, 3]}").problem(400, "malformed");
    model.putJson("/weights", "{\"weights\": [1, 2, 3]").problem(400, "malformed");
    assertThat(model.weights()).isEqualTo(f4(0, 0, 0));
  }

  @Test
  void putWeights_inAnUnknownFormat_isUnsupported() {
    Model model = Model.create(PLAIN);
    String path = model.path("/weights");
    model.http().put(path, f4(1, 2, 3)).problem(415, "unsupported-format");
    model
        .http()
        .put(path, f4(1, 2, 3), "Content-Type: text/csv")
        .problem(415, "unsupported-format");
    model
        .http()
        .put(path, f4(1, 2, 3), OCTETS, "Content-Encoding: br")
        .problem(415, "unsupported-format");
    model
        .http()
        .put(path, f4(1, 2, 3), OCTETS, "Content-Range: bytes 0-11/12")
        .problem(400, "malformed");
    model.http().put(path, "{\"weights\": [1, 2, 3]}", JSON + ";charset=UTF-8").is(200);
  }

  @Test
  void putWeights_whileARoundHasNoUpdate_keepsLateBasesOut() {
    Model model = Model.create(PLAIN);
    String zeros = model.base();
    model.putOctets("/weights", f4(1, 2, 3)).is(200);
    model
        .putOctets(update(0, "alice") + "?base=" + zeros, f4(1, 2, 3))
        .problem(409, "base-differs");
  }
}
