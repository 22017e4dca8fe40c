package io.fedstep.privacy;

import static io.fedstep.privacy.Goldens.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.process.BesideOthers;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** What rounds cost, against a reference and against what others publish. */
@BesideOthers
class AccountantTest {
  private static double number(JsonNode of, String key) {
    return of.required(key).doubleValue();
  }

  private static Accountant accountant(JsonNode of) {
    return new Accountant(
        number(of, "noise_multiplier"), of.path("participation").asDouble(1), number(of, "delta"));
  }

  static Stream<JsonNode> gaussian() {
    return Goldens.cases("accountant", "gaussian");
  }

  @ParameterizedTest
  @MethodSource
  void gaussian(JsonNode one) {
    long rounds = one.required("rounds").longValue();
    double mu = Math.sqrt((double) rounds) / number(one, "noise_multiplier");
    assertClose(GaussianCurve.epsilon(mu, number(one, "delta")), one.required("epsilon"), one);
    assertClose(accountant(one).cost(rounds).epsilon(), one.required("stated"), one);
  }

  static Stream<JsonNode> sampled() {
    return Goldens.cases("accountant", "sampled");
  }

  @ParameterizedTest
  @MethodSource
  void sampled(JsonNode one) {
    long rounds = one.required("rounds").longValue();
    var alone = RenyiCosts.ofRound(number(one, "noise_multiplier"), number(one, "participation"));
    Cost renyi = alone.of(rounds, number(one, "delta"));
    assertClose(renyi.epsilon(), one.required("epsilon"), one);
    if (one.required("order_is_sure").booleanValue()) {
      assertThat(renyi.order()).isEqualTo(number(one, "order"));
    }
    Cost stated = accountant(one).cost(rounds);
    assertClose(stated.epsilon(), one.required("stated"), one);
    assertThat(stated.by()).isEqualTo(one.required("by").stringValue());
  }

  static Stream<JsonNode> moments() {
    return Goldens.cases("accountant", "moments");
  }

  @ParameterizedTest
  @MethodSource
  void moments(JsonNode one) {
    var round = new SampledGaussian(number(one, "noise_multiplier"), number(one, "participation"));
    assertClose(round.logMoment(number(one, "order")), one.required("log_a"), one);
  }

  static Stream<JsonNode> calibration() {
    return Goldens.cases("accountant", "calibration");
  }

  @ParameterizedTest
  @MethodSource
  void calibration(JsonNode one) {
    long rounds = one.required("rounds").longValue();
    double share = number(one, "participation");
    double multiplier =
        Calibration.multiplier(number(one, "epsilon"), rounds, share, number(one, "delta"))
            .orElseThrow();
    assertThat(multiplier).isEqualTo(number(one, "noise_multiplier"));
    var accountant = new Accountant(multiplier, share, number(one, "delta"));
    assertClose(accountant.cost(rounds).epsilon(), one.required("costs"), one);
  }

  static Stream<JsonNode> capacity() {
    return Goldens.cases("accountant", "capacity");
  }

  @ParameterizedTest
  @MethodSource
  void capacity(JsonNode one) {
    assertThat(accountant(one).rounds(number(one, "epsilon")))
        .isEqualTo(one.required("rounds").longValue());
  }

  @Test
  void costs_areThoseOfOthers() {
    var opacus = RenyiCosts.ofRound(1.5, 0.04).of(2250, 1e-5);
    assertThat(opacus.epsilon()).isCloseTo(7.3291111715, within(5e-10));
    var moments = RenyiCosts.ofRound(4, 0.01).of(10_000, 1e-5);
    assertThat(moments.epsilon()).isCloseTo(1.0355, within(5e-5));
    assertThat(moments.order()).isEqualTo(17);
    double least =
        IntStream.rangeClosed(2, 32)
            .mapToDouble(order -> RenyiCosts.epsilon(1.1, order, 1e-5))
            .min()
            .orElseThrow();
    assertThat(least).isCloseTo(1.32783806176, within(5e-12));
    assertThat(least).isEqualTo(RenyiCosts.epsilon(1.1, 32, 1e-5));
    assertThat(GaussianCurve.epsilon(1, 0.1269367)).isCloseTo(1, within(1e-6));
    assertThat(GaussianCurve.epsilon(1, 1e-5)).isCloseTo(4.377, within(5e-4));
    assertThat(GaussianCurve.epsilon(Math.sqrt(1000) / 8, 1e-6)).isCloseTo(25.95, within(5e-3));
  }

  @Test
  void nothing_isPaidBeforeTheFirstRound() {
    assertThat(new Accountant(1, 0.1, 1e-5).cost(0)).isEqualTo(new Cost(0, null));
    assertThat(new Accountant(1, 1, 1e-5).cost(0).by()).isEqualTo("gaussian");
  }

  @Test
  void epsilonBelowWhatDiscreteNoiseCosts_isReachedByNoMultiplier() {
    assertThat(Calibration.multiplier(9e-7, 1, 1, 1e-5)).isEmpty();
    assertThat(Calibration.multiplier(1e300, 1_000_000, 1, 1e-5)).hasValue(0.1);
  }

  @Test
  void morePrivacy_costsMore() {
    double before = 0;
    for (long rounds = 1; rounds < 5_000_000; rounds *= 3) {
      double epsilon = new Accountant(0.9, 0.003, 1e-7).cost(rounds).epsilon();
      assertThat(epsilon).isGreaterThan(before);
      before = epsilon;
    }
  }
}
