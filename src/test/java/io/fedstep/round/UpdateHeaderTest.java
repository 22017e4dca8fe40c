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
class UpdateHeaderTest {
  private static void isRefused(Problem problem, double weight, Map<String, Double> metrics) {
    assertThatThrownBy(() -> UpdateHeader.of(weight, metrics, null))
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
    assertThat(UpdateHeader.of(weight, Map.of(), null).weight()).isEqualTo(weight);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1a", "_a", "a b", "a/b", "é", "a\n"})
  void otherMetricNames_areRefused(String name) {
    isRefused(Problem.BAD_METRIC, 1, Map.of(name, 1.0));
  }

  @Test
  void metrics_haveLimits() {
    assertThat(UpdateHeader.of(1, Map.of("a" + "b".repeat(63), 1.0), null).metrics()).hasSize(1);
    isRefused(Problem.BAD_METRIC, 1, Map.of("a".repeat(65), 1.0));
    isRefused(Problem.BAD_METRIC, 1, Map.of("a", Double.NaN));
    isRefused(Problem.BAD_METRIC, 1, Map.of("a", Double.NEGATIVE_INFINITY));
    var many = new TreeMap<String, Double>();
    for (int i = 0; i < UpdateHeader.MOST_METRICS; i++) {
      many.put("m" + i, 1.0);
    }
    assertThat(UpdateHeader.of(1, many, null).metrics()).isEqualTo(many);
    many.put("more", 1.0);
    isRefused(Problem.BAD_METRIC, 1, many);
  }
}
