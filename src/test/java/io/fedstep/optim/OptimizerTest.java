package io.fedstep.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranges of the hyper-parameters, and steps by hand. */
class OptimizerTest {
  @ParameterizedTest
  @CsvSource({"0, 0", "-1, 0", "NaN, 0", "Infinity, 0", "1, -1", "1, NaN", "1, Infinity"})
  void optimizer_outOfRange_isRefused(double lrate, double weightDecay) {
    assertThatThrownBy(() -> new Optimizer(lrate, weightDecay, List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1e-7",
    "-0.1, 1e-7",
    "NaN, 1e-7",
    "0.9, 0",
    "0.9, -1",
    "0.9, NaN",
    "0.9, Infinity"
  })
  void rmsProp_outOfRange_isRefused(double beta, double eps) {
    assertThatThrownBy(() -> new RmsProp(beta, eps)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void step_isSubtracted_andGiven() {
    var optimizer = new Optimizer(0.5, 0.25, List.of());
    var weights = new FloatTile(new float[] {4, 0, -4}, 3);
    var step = new FloatTile(new float[3], 3);
    optimizer.apply(new FloatTile(new float[] {2, 4, 0}, 3), weights, 0, step);
    assertThat(weights.values()).containsExactly(2, -2, -3);
    assertThat(step.values()).containsExactly(2, 2, -1);
    var doubles = new DoubleTile(new double[] {4, 0, -4}, 3);
    var doubleStep = new DoubleTile(new double[3], 3);
    optimizer.apply(new DoubleTile(new double[] {2, 4, 0}, 3), doubles, 0, doubleStep);
    assertThat(doubles.values()).containsExactly(2, -2, -3);
    assertThat(doubleStep.values()).containsExactly(2, 2, -1);
  }

  @Test
  void rmsPropWithoutMemory_givesSigns() {
    var gradient = new DoubleTile(new double[] {3, -3, 0}, 3);
    new RmsProp(0, 1e-300)
        .run(gradient, List.of(new DoubleTile(new double[3], 3)), StepContexts.at(0, 3));
    assertThat(gradient.values()).containsExactly(1, -1, 0);
  }
}
