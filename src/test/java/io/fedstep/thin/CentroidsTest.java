package io.fedstep.thin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The nearest of the numbers that codes stand for. */
@BesideOthers
class CentroidsTest {
  /** The code of the nearest by looking at all. */
  private static int nearest(int bits, double value) {
    int best = 0;
    for (int code = 1; code < 1 << bits; code++) {
      double distance = Math.abs(value - Centroids.get(bits, code));
      if (distance < Math.abs(value - Centroids.get(bits, best))) {
        best = code;
      }
    }
    return best;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void code_isOfTheNearest(int bits) {
    DoubleStream.concat(
            new Random(bits).doubles(100_000, -4, 4), DoubleStream.of(2.999, 3, 3.001, -3))
        .forEach(value ->
            assertThat(Centroids.nearest(bits, value))
                .as("%s", value)
                .isEqualTo(nearest(bits, value)));
    assertThat(Centroids.nearest(bits, 1e300)).isEqualTo((1 << bits) - 1);
    assertThat(Centroids.nearest(bits, Double.NEGATIVE_INFINITY)).isZero();
    assertThat(Centroids.nearest(bits, Double.NaN)).isBetween(0, (1 << bits) - 1);
  }
}
