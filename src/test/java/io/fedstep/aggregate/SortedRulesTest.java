package io.fedstep.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import io.fedstep.vector.Dtype;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Median and trimmed mean are those of each column sorted. */
@BesideOthers
class SortedRulesTest {
  private static double middle(Dtype dtype, double[] column, int cut) {
    double[] sorted = column.clone();
    Arrays.sort(sorted); // -0.0 before 0.0
    return Aggregated.mean(dtype, Arrays.copyOfRange(sorted, cut, sorted.length - cut));
  }

  private static void check(Aggregator rule, Dtype dtype, double[][] rows, int cut) {
    double[] result = Aggregated.by(rule, dtype, rows);
    for (int i = 0; i < result.length; i++) {
      double[] column = Aggregated.column(rows, i);
      assertThat(result[i])
          .as(() -> "%s of %s".formatted(rule, Arrays.toString(column)))
          .isEqualTo(middle(dtype, column, cut) + (rule instanceof Median ? 0.0 : -0.0));
    }
  }

  @ParameterizedTest
  @EnumSource(WeightedMeanTest.Values.class)
  void rules_areThoseOfSortedColumns(WeightedMeanTest.Values values) {
    var random = new Random(values.name().hashCode());
    for (Dtype dtype : Dtype.values()) {
      for (int count : new int[] {1, 2, 3, 4, 5, 10, 31, 257}) {
        int size = count < 100 ? 531 : 19; // of more than one strip
        double[][] rows =
            Aggregated.rows(count, size, dtype, random, drawn -> values.next(drawn, dtype));
        check(new Median(), dtype, rows, count % 2 == 0 ? count / 2 - 1 : count / 2);
        check(new TrimmedMean(0.2), dtype, rows, count / 5);
        check(new TrimmedMean(0), dtype, rows, 0);
        check(new TrimmedMean(0.49), dtype, rows, 49 * count / 100);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0.29, 100, 29", "0.2, 4, 0", "0.2, 5, 1", "0.3, 10, 3", "0.1, 10, 1"})
  void trim_cutsTheShareThatIsWritten(double trim, int count, int cut) {
    double[][] rows = Aggregated.rows(count, 3, Dtype.FLOAT32, new Random(1), Random::nextGaussian);
    check(new TrimmedMean(trim), Dtype.FLOAT32, rows, cut);
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void zeros_haveASignInATrimmedMean_andNoneInAMedian(Dtype dtype) {
    double[][] below = {{0.0}, {-0.0}, {-0.0}};
    assertThat(Aggregated.by(new TrimmedMean(0.4), dtype, below)).containsExactly(-0.0);
    assertThat(Aggregated.by(new Median(), dtype, below)).containsExactly(0.0);
    assertThat(Aggregated.by(new Median(), dtype, new double[][] {{-0.0}, {-0.0}}))
        .containsExactly(0.0);
  }

  @Test
  void median_ofTheLargestValues_doesNotOverflow() {
    double[][] rows = {{Double.MAX_VALUE}, {Double.MAX_VALUE}};
    assertThat(Aggregated.by(new Median(), Dtype.FLOAT64, rows)).containsExactly(Double.MAX_VALUE);
  }

  @Test
  void weights_doNotCount() {
    double[][] rows = {{1}, {2}, {6}};
    double[] weights = {1, 1, 100};
    assertThat(Aggregated.by(new Median(), Dtype.FLOAT32, weights, rows)).containsExactly(2);
    assertThat(Aggregated.by(new TrimmedMean(0), Dtype.FLOAT32, weights, rows)).containsExactly(3);
  }

  /** A network that sorts every row of zeros and ones sorts everything (D. E. Knuth). */
  @Test
  void network_sortsZerosAndOnes_atTheOutputsAskedFor() {
    for (int count = 1; count <= 12; count++) {
      for (int from = 0; from < count; from++) {
        check(new SortingNetwork(count, from, count), count, from, count);
        check(new SortingNetwork(count, from, from + 1), count, from, from + 1);
      }
    }
  }

  private static void check(SortingNetwork network, int count, int from, int to) {
    int cases = 1 << count;
    int[][] rows = new int[count][cases];
    long[][] longs = new long[count][cases];
    for (int row = 0; row < count; row++) {
      int bit = row;
      Arrays.setAll(rows[row], i -> i >> bit & 1);
      Arrays.setAll(longs[row], i -> i >> bit & 1);
    }
    network.run(rows, cases);
    network.run(longs, cases);
    for (int i = 0; i < cases; i++) {
      for (int row = from; row < to; row++) {
        int expected = row >= count - Integer.bitCount(i) ? 1 : 0;
        assertThat(rows[row][i]).as("row %s of %s, case %s", row, count, i).isEqualTo(expected);
        assertThat(longs[row][i]).isEqualTo(expected);
      }
    }
  }
}
