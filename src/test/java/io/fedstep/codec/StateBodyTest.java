package io.fedstep.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fedstep.model.ModelSpec;
import io.fedstep.optim.Tally;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** States that somebody else has written. */
class StateBodyTest {
  private static final ModelSpec SPEC = Specs.sized(Dtype.FLOAT32, 2, 1);

  private static final String T0 =
      """
      "t0": {"__type__": "np.ndarray", "dump": ["0000803f00000040", "f", [2]]}\
      """;
  private static final String T1 =
      """
      "t1": {"__type__": "np.ndarray", "dump": ["00004040", "f", [1]]}\
      """;

  private static String document(String tensors) {
    return """
    {"modules": [["rmsprop", {"state": {"__type__": "NumpyVector", "dump": {%s}}}]]}\
    """
        .formatted(tensors);
  }

  /** The document that the server keeps of a body. */
  private static String kept(String body) {
    var document = new StateDocument(SPEC, Tally.none(SPEC.optimizer().modules()));
    var file = new Buffer(document.length());
    document.writeText(file::write);
    assertThat(StateBody.read(Specs.in(body), SPEC, new StateValues(document, file::write)))
        .isEqualTo(document.tally());
    return file.text();
  }

  @Test
  void ownDocument_isKeptAsItIs() {
    String body = document(T0 + ", " + T1);
    assertThat(kept(body)).isEqualTo(body);
  }

  @Test
  void otherOrderSpacingAndCase_areKeptAsPythonWrites() {
    String canonical = document(T0 + ", " + T1);
    assertThat(kept(document(T1 + ", " + T0))).isEqualTo(canonical);
    assertThat(kept(canonical.replace(" ", ""))).isEqualTo(canonical);
    assertThat(kept(canonical.replace(" ", "\n\t  "))).isEqualTo(canonical);
    assertThat(kept(canonical.replace("803f", "803F"))).isEqualTo(canonical);
    assertThat(kept(canonical.replace("NumpyVector", "TorchVector"))).isEqualTo(canonical);
    String reversed =
        """
        {"modules": [["rmsprop", {"state": {"dump": {
          "t1": {"dump": ["00004040", "f", [1]], "__type__": "np.ndarray"},
          "t0": {"dump": ["0000803f00000040", "f", [2]], "__type__": "np.ndarray"}},
          "__type__": "NumpyVector"}}]]}
        """;
    assertThat(kept(reversed)).isEqualTo(canonical);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"modules\": [[\"rmsprop\", {\"state\": 0.0}]]}",
        "{\"modules\": [[\"rmsprop\", {\"state\": 0}]]}",
        " {\"modules\" : [ [\"rmsprop\",{\"state\":-0.0}] ]} "
      })
  void zeros_areTheStateBeforeTheFirstStep(String body) {
    var document = new StateDocument(SPEC, Tally.none(SPEC.optimizer().modules()));
    var file = new Buffer(document.length());
    assertThat(StateBody.read(Specs.in(body), SPEC, new StateValues(document, file::write)))
        .isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0000803f000000c0", // negative
        "0000803f0000c07f", // NaN
        "0000803f0000807f", // infinite
        "0000803f", // short
        "0000803f0000004000000040", // long
        "0000803f0000004", // half a byte
        "0000803f0000004g"
      })
  void valuesThatCannotBe_areBadState(String hex) {
    String body = document(T0.replace("0000803f00000040", hex) + ", " + T1);
    RefusedException refused = catchThrowableOfType(RefusedException.class, () -> kept(body));
    assertThat(refused.refusal().problem()).isEqualTo(Problem.BAD_STATE);
    assertThat(refused.refusal().members()).containsEntry("tensor", "t0");
  }

  @Test
  void dtypeAndLength_areComparedBeforeAnyValue() {
    String body =
        document(
            T0.replace("0000803f00000040\", \"f\"", "000000000000f8ff9a9999999999b9bf\", \"d\"")
                + ", "
                + T1);
    RefusedException refused = catchThrowableOfType(RefusedException.class, () -> kept(body));
    assertThat(refused.refusal().problem()).isEqualTo(Problem.BAD_STATE);
    assertThat(refused.refusal().detail()).contains("dtype 'd'").doesNotContain("value");
    String longer =
        document(T0.replace("0000803f00000040", "000080bf0000004000000000") + ", " + T1);
    refused = catchThrowableOfType(RefusedException.class, () -> kept(longer));
    assertThat(refused.refusal().detail()).contains("12 bytes").doesNotContain("value");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.1", "3", "2.5e-1"})
  void plainNumber_isTakenWhereTheShapeIsThatOfAScalar(String number) {
    for (Dtype dtype : Dtype.values()) {
      ModelSpec spec = Specs.spec(dtype, Map.of("s", List.of()));
      var document = new StateDocument(spec, Tally.none(spec.optimizer().modules()));
      var file = new Buffer(document.length());
      document.writeText(file::write);
      var values = new StateValues(document, file::write);
      String body = document("\"s\": " + number);
      assertThat(StateBody.read(Specs.in(body), spec, values)).isEqualTo(document.tally());
      Tile tile = Tile.zeros(dtype, 1);
      new StateValues(document, file::read).read(0, new Range(0, 1), tile);
      double expected = Double.parseDouble(number);
      assertThat(tile.get(0)).isEqualTo(dtype == Dtype.FLOAT32 ? (float) expected : expected);
    }
    assertThat(catchThrowableOfType(RefusedException.class, () -> kept(document("\"t1\": 1"))))
        .isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"modules\": []}",
        "{\"modules\": [[\"adam\", {\"state\": 0.0}]]}",
        "{\"modules\": [[\"rmsprop\", {}]]}",
        "{\"modules\": [[\"rmsprop\", {\"state\": 1.0}]]}",
        "{\"modules\": [[\"rmsprop\", {\"state\": 0.0, \"steps\": 1}]]}",
        "{\"modules\": [[\"rmsprop\", {\"state\": 0.0}], [\"rmsprop\", {\"state\": 0.0}]]}",
        "{\"modules\": [[\"rmsprop\", {\"state\": 0.0}]], \"lrate\": 1}"
      })
  void statesOfOtherModules_areBadState(String body) {
    var document = new StateDocument(SPEC, Tally.none(SPEC.optimizer().modules()));
    var file = new Buffer(document.length());
    RefusedException refused =
        catchThrowableOfType(
            RefusedException.class,
            () -> StateBody.read(Specs.in(body), SPEC, new StateValues(document, file::write)));
    assertThat(refused.refusal().problem()).isEqualTo(Problem.BAD_STATE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"__type__\": [\"NumpyVector\"], \"dump\": {}}",
        "{\"__type__\": {\"a\": 1}, \"dump\": {}}",
        "{\"__type__\": \"NumpyVector\", \"dump\": {\"t0\": {\"__type__\": [1], \"dump\": []}}}",
        "{\"__type__\": null, \"dump\": [[[[]]]]}",
        "{\"dump\": {\"t0\": {\"dump\": [{}, [], 3]}}}"
      })
  void oddForms_areRefused(String vector) {
    String body = "{\"modules\": [[\"rmsprop\", {\"state\": %s}]]}".formatted(vector);
    RefusedException refused = catchThrowableOfType(RefusedException.class, () -> kept(body));
    assertThat(refused.refusal().problem()).isIn(Problem.MALFORMED, Problem.BAD_STATE);
  }
}
