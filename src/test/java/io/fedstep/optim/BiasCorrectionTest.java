package io.fedstep.optim;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.plugin.Setting;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Range;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Adam and Yogi as S. Reddi et al., Adaptive Federated Optimization, 2021, algorithm 2, have them.
 */
class BiasCorrectionTest {
  private static final double BETA_1 = 0.8;
  private static final double BETA_2 = 0.95;
  private static final double TAU = 1e-3;
  private static final int STEPS = 8;

  private interface Velocity {
    double next(double v, double square);
  }

  private static void check(OptiModule module, Velocity velocity) {
    assertThat(module.config()).contains(new Setting("bias_correction", false));
    var random = new Random(3);
    List<Tile> state = List.of(new DoubleTile(new double[1], 1), new DoubleTile(new double[1], 1));
    double m = 0;
    double v = 0;
    for (int step = 1; step <= STEPS; step++) {
      double delta = random.nextGaussian();
      m = BETA_1 * m + (1 - BETA_1) * delta;
      v = velocity.next(v, delta * delta);
      var tile = new DoubleTile(new double[] {delta}, 1);
      module.run(
          tile,
          state,
          new StepContext(
              new StepContext.Step(step == 1, List.of((long) step - 1), step, StepContexts.SECRET),
              0,
              new Range(0, 1),
              TensorNorms.none(new TensorLayout(Map.of("w", List.of(1L))))));
      assertThat(tile.get(0)).isEqualTo(m / (Math.sqrt(v) + TAU));
    }
  }

  @Test
  void adamWithoutCorrection_isFedAdam() {
    check(
        new Adam(MeanOfSquares.ADAM, BETA_1, BETA_2, false, TAU, false),
        (v, square) -> BETA_2 * v + (1 - BETA_2) * square);
  }

  @Test
  void yogiWithoutCorrection_isFedYogi() {
    check(
        new Adam(MeanOfSquares.YOGI, BETA_1, BETA_2, false, TAU, false),
        (v, square) -> v - (1 - BETA_2) * square * Math.signum(v - square));
  }

  @Test
  void correction_isShownOnlyWhereItIsLeftOut() {
    assertThat(Adam.DEFAULT.config()).extracting(Setting::key).doesNotContain("bias_correction");
    assertThat(Adam.DEFAULT.keys()).contains("bias_correction");
    assertThat(Adam.YOGI.keys()).contains("bias_correction");
  }
}
