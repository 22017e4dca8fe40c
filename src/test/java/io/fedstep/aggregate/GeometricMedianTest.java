package io.fedstep.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.vector.Dtype;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The smoothed Weiszfeld iteration, though it never sees the points it goes through. */
class GeometricMedianTest {
  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }

  private static double[] mean(double[][] rows, double[] weights) {
    double[] mean = new double[rows[0].length];
    double total = Arrays.stream(weights).sum();
    for (int row = 0; row < rows.length; row++) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += weights[row] / total * rows[row][i];
      }
    }
    return mean;
  }

  /** From point to point, over all coordinates. */
  private static double[] direct(GeometricMedian rule, double[][] rows, double[] weights) {
    double[] point = mean(rows, weights);
    for (int iteration = 0; iteration < rule.iterations(); iteration++) {
      double[] scaled = new double[rows.length];
      for (int row = 0; row < rows.length; row++) {
        scaled[row] = weights[row] / Math.max(rule.smoothing(), distance(point, rows[row]));
      }
      point = mean(rows, scaled);
    }
    return point;
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void median_isThatOfTheDirectIteration(Dtype dtype) {
    var random = new Random(5);
    for (int count : new int[] {1, 2, 3, 4, 10, 33}) {
      for (int size : new int[] {1, 2, 50, 3000}) {
        for (var rule :
            new GeometricMedian[] {
              new GeometricMedian(8, 1e-6),
              new GeometricMedian(1, 1e-3),
              new GeometricMedian(60, 0.5)
            }) {
          double[][] rows = Aggregated.rows(count, size, dtype, random, Random::nextGaussian);
          double[] weights = random.doubles(count, 0.1, 20).toArray();
          double[] median = Aggregated.by(rule, dtype, weights, rows);
          double[] direct = direct(rule, rows, weights);
          double near = dtype == Dtype.FLOAT32 ? 1e-6 : 1e-7;
          for (int i = 0; i < size; i++) {
            assertThat(median[i]).isCloseTo(direct[i], within(near));
          }
        }
      }
    }
  }

  @Test
  void weights_count() {
    double[][] rows = {{0}, {1}, {10}};
    var rule = new GeometricMedian(200, 1e-6);
    assertThat(Aggregated.by(rule, Dtype.FLOAT64, new double[] {1, 1, 1}, rows)[0])
        .isCloseTo(1, within(1e-3));
    assertThat(Aggregated.by(rule, Dtype.FLOAT64, new double[] {1, 1, 9}, rows)[0])
        .isCloseTo(10, within(1e-3));
  }

  @Test
  void equalUpdates_areTheirMedian() {
    double[][] rows = {{0.1, -0.0}, {0.1, -0.0}, {0.1, -0.0}};
    assertThat(Aggregated.by(new GeometricMedian(8, 1e-6), Dtype.FLOAT64, rows))
        .containsExactly(0.1, -0.0);
  }

  /** What cancels must not make an update look near that is not. */
  @ParameterizedTest
  @EnumSource(Dtype.class)
  void farUpdates_doNotDecideAmongTheOthers(Dtype dtype) {
    var random = new Random(6);
    for (double far : new double[] {1e3, 1e8, 1e15, dtype == Dtype.FLOAT32 ? 1e38 : 1e200}) {
      double[][] rows = Aggregated.rows(40, 30, dtype, random, Random::nextGaussian);
      for (int row = 0; row < 3; row++) {
        Arrays.fill(rows[row], WeightedMeanTest.rounded(dtype, far));
      }
      var rule = new GeometricMedian(200, 1e-6);
      double[] shares = rule.shares(Averaging.ones(rows.length), Aggregated.distances(dtype, rows));
      for (int row = 3; row < rows.length; row++) {
        assertThat(shares[row]).as("row %s, hostile at %s", row, far).isBetween(0.005, 0.2);
      }
      assertThat(Arrays.stream(shares, 0, 3).sum() * far).isLessThan(Math.max(1, 1e-12 * far));
    }
  }

  @Test
  void extremeWeights_stayNumbers() {
    double[][] rows = {{1, 2}, {3, 4}, {5, 6}};
    double[] weights = {Double.MIN_VALUE, 1, 0x1p53};
    var rule = new GeometricMedian(8, 1e-6);
    assertThat(Arrays.stream(Aggregated.by(rule, Dtype.FLOAT64, weights, rows)).boxed())
        .allSatisfy(value -> assertThat(value).isBetween(1.0, 6.0));
  }
}
