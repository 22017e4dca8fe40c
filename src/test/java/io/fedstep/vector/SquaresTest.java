package io.fedstep.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Norms of values whose squares fit no double. */
class SquaresTest {
  private static double norm(double... values) {
    return Squares.norm(new DoubleTile(values, values.length).squares());
  }

  @ParameterizedTest
  @ValueSource(ints = {-1060, -800, -500, -451, -449, 0, 499, 501, 800, 1020})
  void norm_isThatOfTheScaledValues(int exponent) {
    double unit = Math.scalb(1.0, exponent);
    assertThat(norm(3 * unit, -4 * unit)).isEqualTo(5 * unit);
    double[] parts = new double[9];
    var sums = DoubleStream.builder();
    double together = 0;
    for (int i = 0; i < 9; i++) {
      var tile = new DoubleTile(new double[] {unit, 0}, 2);
      parts[i] = tile.squares();
      sums.add(parts[i]);
      together = Squares.add(together, parts[i]);
    }
    assertThat(Squares.norm(sums.build()))
        .isCloseTo(3 * unit, within(unit * 1e-14 + 2 * Double.MIN_VALUE));
    assertThat(Squares.norm(together))
        .isCloseTo(3 * unit, within(unit * 1e-14 + 2 * Double.MIN_VALUE));
  }

  @Test
  void ordinarySums_areThoseOfPlainAddition() {
    var random = new Random(5);
    double[] values = random.doubles(1000, -1e10, 1e10).toArray();
    double a = new DoubleTile(values, 500).squares();
    double b = new DoubleTile(values, 1000).squares();
    assertThat(a).isPositive();
    assertThat(Squares.add(a, b)).isEqualTo(a + b);
    assertThat(Squares.norm(DoubleStream.of(a, b))).isEqualTo(Math.sqrt(a + b));
    assertThat(Squares.add(0, a)).isEqualTo(a);
  }

  @Test
  void zerosAreZero_andWhatIsNotFinite_isNot() {
    assertThat(norm(0.0, -0.0, 0)).isZero();
    assertThat(norm(Double.POSITIVE_INFINITY, 1e300)).isInfinite();
    assertThat(norm(Double.NaN, 1e300)).isNaN();
    assertThat(norm(1e-300, Double.NEGATIVE_INFINITY)).isInfinite();
    assertThat(Squares.norm(Squares.add(-1e300, Double.NaN))).isNaN();
    assertThat(norm(1e-200, 1)).isEqualTo(1);
  }
}
