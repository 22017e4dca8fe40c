package io.fedstep.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.codec.OptimizerCodec;
import io.fedstep.problem.RefusedException;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Rates by rounds. */
class ScheduleTest {
  private static final long[] ROUNDS = {0, 1, 2, 7, 100};

  private static Optimizer optimizer(String lrate) {
    String json = "{\"lrate\": %s, \"w_decay\": %s}".formatted(lrate, lrate);
    return OptimizerCodec.read(new JsonMapper().readTree(json), "optimizer");
  }

  /** The values are those of the formulas in Python, for the {@link #ROUNDS}. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      textBlock =
          """
          ["constant", {"base": 0.3}] | 0.3 0.3 0.3 0.3 0.3
          ["exponential-decay", {"base": 0.3, "rate": 0.9}] | 0.3 0.27 0.243 0.14348907000000002 7.968419666276262e-06
          ["inverse-scaling", {"base": 0.3, "rate": 0.5, "step_level": false}] | 0.3 0.21213203435596423 0.17320508075688773 0.10606601717798211 0.029851115706299673
          ["linear-decay", {"base": 0.3, "rate": 0.01}] | 0.3 0.297 0.294 0.27899999999999997 0.0
          ["piecewise-decay", {"base": 0.3, "rate": 0.7, "step_size": 2}] | 0.3 0.3 0.21 0.10289999999999998 5.395395127942219e-09
          ["polynomial-decay", {"base": 0.3, "power": 3, "limit": 40}] | 0.3 0.27805781249999995 0.25721249999999996 0.16845468749999998 0.0
          ["cosine-annealing", {"base": 0.01, "max_lr": 0.3, "duration": 30}] | 0.3 0.2992056748283996 0.2968314021064018 0.26275599969422214 0.01
          ["cosine-annealing-warm-restarts", {"base": 0.01, "max_lr": 0.3, "period": 3, "t_mult": 0.9}] | 0.3 0.22749999999999998 0.08250000000000002 0.18475 0.009453209736092342
          ["cyclic-triangular", {"base": 0.01, "max_lr": 0.3, "stepsize": 3, "decay": true}] | 0.01 0.10666666666666663 0.2033333333333333 0.05833333333333332 0.010002950032552084
          ["cyclic-exp-range", {"base": 0.01, "max_lr": 0.3, "stepsize": 3, "decay": 0.99}] | 0.01 0.10559999999999997 0.19928699999999996 0.09942030377674557 0.07442657605888994
          ["warmup", {"base": 0.3, "warmup": 5}] | 0.06 0.12 0.18 0.3 0.3
          ["warmup-rounds", {"base": ["inverse-scaling", {"base": 0.3, "rate": 1}], "warmup": 2}] | 0.15 0.3 0.3 0.049999999999999996 0.0030303030303030303
          """)
  void rates_areDeclearns(String config, String expected) {
    Optimizer optimizer = optimizer(config);
    assertThat(Arrays.stream(ROUNDS).mapToDouble(optimizer.lrate()::at).toArray())
        .isEqualTo(Arrays.stream(expected.split(" ")).mapToDouble(Double::parseDouble).toArray());
    assertThat(optimizer.weightDecay()).isEqualTo(optimizer.lrate());
    Optimizer back = OptimizerCodec.read(OptimizerCodec.write(optimizer), "optimizer");
    assertThat(back).isEqualTo(optimizer);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[\"schedule\", {}]",
        "[\"exponential-decay\", {\"base\": 0.1}]",
        "[\"exponential-decay\", {\"base\": 0.1, \"rate\": -1}]",
        "[\"exponential-decay\", {\"base\": 0.1, \"rate\": 0.9, \"decay\": 1}]",
        "[\"linear-decay\", {\"base\": [\"constant\", {\"base\": 1}], \"rate\": 0.9}]",
        "[\"piecewise-decay\", {\"base\": 0.1, \"rate\": 0.9, \"step_size\": 0}]",
        "[\"cosine-annealing\", {\"base\": 0.1, \"max_lr\": 1, \"duration\": 1.5}]",
        "[\"warmup\", {\"base\": 0.1, \"warmup\": 0}]",
        "[\"warmup\", {\"base\": -0.1, \"warmup\": 1}]",
        "[\"warmup\"]",
        "\"constant\""
      })
  void whatCannotBe_isRefused(String config) {
    assertThatThrownBy(() -> optimizer(config)).isInstanceOf(RefusedException.class);
  }
}
