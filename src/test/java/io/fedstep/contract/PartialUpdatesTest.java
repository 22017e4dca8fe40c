package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.digest;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.packed;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Updates of a part of a model: what is left out has not moved. */
class PartialUpdatesTest {
  private static final String SPEC =
      """
      {"tensors": {"w": [2], "v": [3], "b": []}, "optimizer": {"lrate": 1.0, "modules": []},
       "round": {"min_updates": 1}}\
      """;
  private static final byte[] ROW = f4(0, 0, 1, 2, 3, 0);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"gradient\": {\"v\": [1, 2, 3]}, \"partial\": true}",
        "{\"partial\": true, \"gradient\": {\"v\": [1, 2, 3]}}",
        "?partial=true {\"gradient\": {\"v\": [1, 2, 3]}}",
        "{\"partial\": true, \"gradient\": {\"__type__\": \"NumpyVector\", \"dump\": {\"v\": PACKED}}}",
      })
  void whatIsLeftOut_isZeros_andSoTheSameUpdate(String text) {
    Model model = Model.create(SPEC);
    String json = text.replace("PACKED", packed(f4(1, 2, 3), "f", "[3]"));
    String query = json.startsWith("?") ? json.substring(0, json.indexOf(' ')) : "";
    var receipt =
        model.putJson(update(0, "alice") + query, json.substring(json.indexOf('{'))).is(201).json();
    assertThat(receipt.required("digest").stringValue()).isEqualTo(digest(ROW));
    assertThat(receipt.required("left_out").intValue()).isEqualTo(2);
    assertThat(model.putOctets(update(0, "alice"), ROW).is(200).json()).isEqualTo(receipt);
    model.awaitVersion(1);
    assertThat(model.get("/versions/1/gradient").body()).isEqualTo(ROW);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "|{'gradient': {'v': [1, 2, 3]}}|422|wrong-shape",
        "?partial=false|{'gradient': {'v': [1, 2, 3]}}|422|wrong-shape",
        "|{'gradient': {'v': [1, 2, 3]}, 'partial': false}|422|wrong-shape",
        "|{'gradient': {}, 'partial': true}|422|wrong-shape",
        "|{'gradient': {'v': [1, 2]}, 'partial': true}|422|wrong-shape",
        "|{'gradient': {'v': [1, 2, 3], 'x': [1]}, 'partial': true}|422|wrong-shape",
        "|{'gradient': {'v': [1, 2, 3]}, 'partial': 1}|400|malformed",
        "|{'gradient': {'v': [1, 2, 3]}, 'partial': null}|400|malformed",
        "?partial=yes|{'gradient': {'v': [1, 2, 3]}}|400|malformed",
        "?partial=|{'gradient': {'v': [1, 2, 3]}}|400|malformed",
        "?partial=true|{'gradient': {'v': [1, 2, 3]}, 'partial': true}|400|malformed",
        "?partial=true|{'gradient': [0, 0, 1, 2, 3, 0]}|400|malformed",
        "|{'gradient': [0, 0, 1, 2, 3, 0], 'partial': true}|400|malformed",
      })
  void otherBodies_areRefused(String query, String json, int status, String code) {
    Model model = Model.create(SPEC);
    model
        .putJson(update(0, "alice") + (query == null ? "" : query), json.replace('\'', '"'))
        .problem(status, code);
  }

  @Test
  void formsThatNameNoTensor_areRefused_unlessNothingMayBeLeftOut() {
    Model model = Model.create(SPEC);
    for (String type : new String[] {"application/octet-stream", "application/x-npy"}) {
      model
          .http()
          .put(model.path(update(0, "alice") + "?partial=true"), ROW, "Content-Type: " + type)
          .problem(400, "malformed");
    }
    model.putOctets(update(0, "alice") + "?partial=false", ROW).is(201);
  }

  @Test
  void nothingLeftOut_isAWholeUpdate() {
    Model model = Model.create(SPEC);
    String json = "{\"gradient\": {\"w\": [0, 0], \"v\": [1, 2, 3], \"b\": 0}, \"partial\": true}";
    assertThat(
            model.putJson(update(0, "alice"), json).is(201).json().required("left_out").intValue())
        .isZero();
  }
}
