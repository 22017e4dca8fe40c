package io.fedstep.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Means of what clients measured. */
class MeasuredTest {
  private static double mean(List<UpdateMetadata> all) {
    return Measured.means(all, Measured::weight).getOrDefault("x", Double.NaN);
  }

  private static UpdateMetadata of(double weight, double value) {
    return UpdateMetadata.of(weight, Map.of("x", value), null);
  }

  @Test
  void mean_isTheExactOne_roundedOnce() {
    var random = new Random(20);
    for (int i = 0; i < 1000; i++) {
      var all = new ArrayList<UpdateMetadata>();
      BigDecimal sum = BigDecimal.ZERO;
      BigDecimal total = BigDecimal.ZERO;
      for (int n = 1 + random.nextInt(9); n > 0; n--) {
        double weight = 1 + random.nextInt(5000) * random.nextDouble();
        double value = random.nextGaussian() * Math.scalb(1.0, random.nextInt(100) - 50);
        all.add(of(weight, value));
        sum = sum.add(new BigDecimal(weight).multiply(new BigDecimal(value)));
        total = total.add(new BigDecimal(weight));
      }
      double exact = sum.divide(total, new MathContext(60)).doubleValue();
      assertThat(mean(all)).isEqualTo(exact);
    }
  }

  @Test
  void mean_isFinite_andLiesAmongTheValues() {
    double most = Double.MAX_VALUE;
    assertThat(mean(List.of(of(0x1p53, most), of(0x1p53, most)))).isEqualTo(most);
    assertThat(mean(List.of(of(3, -most), of(7, -most), of(11, -most)))).isEqualTo(-most);
    assertThat(mean(List.of(of(0x1p53, most), of(0x1p53, -most)))).isZero();
    assertThat(mean(List.of(of(3, 0.1), of(7, 0.1), of(0.3, 0.1)))).isEqualTo(0.1);
    assertThat(mean(List.of(of(0x1p53, 1.7e308), of(1, 0.5)))).isCloseTo(1.7e308, within(1e293));
  }

  @Test
  void smallWeights_count() {
    assertThat(mean(List.of(of(Double.MIN_VALUE, 0.1)))).isEqualTo(0.1);
    assertThat(mean(List.of(of(1e-300, 1e-20), of(3e-300, 3e-20))))
        .isCloseTo(2.5e-20, within(1e-35));
  }
}
