package io.fedstep.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranges of what goes beside the numbers. */
class UpdateMetadataTest {
  private static void isRefused(Problem problem, double weight, Map<String, Double> metrics) {
    assertThatThrownBy(() -> UpdateMetadata.of(weight, metrics, null))
        .isInstanceOfSatisfying(
            RefusedException.class, e -> assertThat(e.refusal().problem()).isEqualTo(problem));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -0.0, -1, 0x1.0000000000001p53, Double.NaN, Double.POSITIVE_INFINITY})
  void weightOutOfRange_isRefused(double weight) {
    isRefused(Problem.BAD_WEIGHT, weight, Map.of());
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.MIN_VALUE, 1, 0x1p53})
  void weightInRange_isTaken(double weight) {
    assertThat(UpdateMetadata.of(weight, Map.of(), null).weight()).isEqualTo(weight);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " a", "a ", "a\u00a0", "a\n", "\u200b", "a\u2028b", "\ud800", "\ue000"})
  void otherMetricNames_areRefused(String name) {
    isRefused(Problem.BAD_METRIC, 1, Map.of(name, 1.0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1a", "val/dice", "top 5", "acc@5", "Größe", "精度", "\ud83d\ude80", "'"})
  void printableMetricNames_areTaken(String name) {
    assertThat(UpdateMetadata.of(1, Map.of(name, 1.0), null).metrics()).containsOnlyKeys(name);
  }

  @Test
  void metrics_haveLimits() {
    String rocket = "\ud83d\ude80";
    assertThat(UpdateMetadata.of(1, Map.of(rocket.repeat(128), 1.0), null).metrics()).hasSize(1);
    isRefused(Problem.BAD_METRIC, 1, Map.of("a".repeat(129), 1.0));
    isRefused(Problem.BAD_METRIC, 1, Map.of(rocket.repeat(128) + "a", 1.0));
    isRefused(Problem.BAD_METRIC, 1, Map.of("a", Double.NaN));
    isRefused(Problem.BAD_METRIC, 1, Map.of("a", Double.NEGATIVE_INFINITY));
    var many = new TreeMap<String, Double>();
    for (int i = 0; i < UpdateMetadata.MOST_METRICS; i++) {
      many.put("m" + i, 1.0);
    }
    assertThat(UpdateMetadata.of(1, many, null).metrics()).isEqualTo(many);
    many.put("more", 1.0);
    isRefused(Problem.BAD_METRIC, 1, many);
    var wide = new TreeMap<String, Double>();
    for (int i = 0; i < 32; i++) {
      wide.put((char) ('A' + i) + "b".repeat(127), 1.0);
    }
    assertThat(UpdateMetadata.of(1, wide, null).metrics()).hasSize(32);
    wide.put("c", 1.0);
    isRefused(Problem.BAD_METRIC, 1, wide);
  }
}
