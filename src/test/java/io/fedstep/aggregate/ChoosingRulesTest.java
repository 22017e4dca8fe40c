package io.fedstep.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.process.BesideOthers;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Krum, multi-Krum and Bulyan by their definitions, on whole numbers, of which many tie. */
@BesideOthers
class ChoosingRulesTest {
  // --- the definitions

  private static double square(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> (a[i] - b[i]) * (a[i] - b[i])).sum();
  }

  /** The score of a row among some. */
  private static double score(double[][] rows, int row, List<Integer> among, int byzantine) {
    return among.stream()
        .filter(other -> other != row)
        .mapToDouble(other -> square(rows[row], rows[other]))
        .sorted()
        .limit(Math.max(1, among.size() - byzantine - 2))
        .sum();
  }

  private static List<Integer> ranking(double[][] rows, List<Integer> among, int byzantine) {
    return among.stream()
        .sorted(
            Comparator.<Integer>comparingDouble(row -> score(rows, row, among, byzantine))
                .thenComparing(row -> row))
        .toList();
  }

  private static List<Integer> all(double[][] rows) {
    return IntStream.range(0, rows.length).boxed().toList();
  }

  private static double[] mean(Dtype dtype, double[][] rows, List<Integer> of) {
    double[][] chosen = of.stream().map(row -> rows[row]).toArray(double[][]::new);
    return IntStream.range(0, rows[0].length)
        .mapToDouble(i -> Aggregated.mean(dtype, Aggregated.column(chosen, i)))
        .toArray();
  }

  private static double[] bulyan(Dtype dtype, double[][] rows, int byzantine) {
    var left = new ArrayList<>(all(rows));
    var chosen = new ArrayList<Integer>();
    while (chosen.size() < rows.length - 2 * byzantine) {
      Integer best = ranking(rows, left, byzantine).getFirst();
      chosen.add(best);
      left.removeIf(best::equals);
    }
    chosen.sort(null);
    double[] result = new double[rows[0].length];
    for (int i = 0; i < result.length; i++) {
      int index = i;
      double[] sorted = chosen.stream().mapToDouble(row -> rows[row][index]).sorted().toArray();
      double median =
          Aggregated.mean(dtype, sorted[(sorted.length - 1) / 2], sorted[sorted.length / 2]);
      result[i] =
          Aggregated.mean(
              dtype,
              chosen.stream()
                  .sorted(Comparator.comparingDouble(row -> Math.abs(rows[row][index] - median)))
                  .limit(chosen.size() - 2L * byzantine)
                  .mapToDouble(row -> rows[row][index])
                  .toArray());
    }
    return result;
  }

  // --- against them

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void rules_areTheirDefinitions(Dtype dtype) {
    var random = new Random(3);
    for (int count : new int[] {3, 4, 5, 6, 7, 8, 11, 12, 23}) {
      for (int size : new int[] {1, 2, 20, 700}) {
        double[][] rows =
            Aggregated.rows(count, size, dtype, random, drawn -> drawn.nextInt(-3, 4));
        int most = (count - 3) / 2;
        check(dtype, rows, null, most);
        check(dtype, rows, 0, 0);
        check(dtype, rows, most, most);
        int tolerated = (count - 3) / 4;
        assertThat(Aggregated.by(new Bulyan(tolerated), dtype, rows))
            .containsExactly(bulyan(dtype, rows, tolerated));
        assertThat(Aggregated.by(new Bulyan(null), dtype, rows))
            .containsExactly(bulyan(dtype, rows, tolerated));
      }
    }
  }

  private static void check(Dtype dtype, double[][] rows, @Nullable Integer given, int byzantine) {
    List<Integer> ranking = ranking(rows, all(rows), byzantine);
    assertThat(Aggregated.by(new Krum(given), dtype, rows))
        .containsExactly(rows[ranking.getFirst()]);
    assertThat(Aggregated.by(new MultiKrum(given), dtype, rows))
        .containsExactly(mean(dtype, rows, ranking.subList(0, rows.length - byzantine)));
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void fewerThanThree_areAveraged(Dtype dtype) {
    for (Aggregator rule : List.of(new Krum(null), new MultiKrum(null), new Bulyan(null))) {
      assertThat(Aggregated.by(rule, dtype, new double[][] {{1, 5}})).containsExactly(1, 5);
      assertThat(Aggregated.by(rule, dtype, new double[] {9, 1}, new double[][] {{1, 5}, {2, 7}}))
          .containsExactly(1.5, 6);
    }
  }

  @Test
  void ties_goToTheFirstRow() {
    double[][] rows = {{9, 9}, {1, 0}, {0, 1}, {1, 1}, {0, 0}}; // the corners of a square
    assertThat(Aggregated.by(new Krum(1), Dtype.FLOAT32, rows)).containsExactly(1, 0);
    assertThat(new KrumScores(Aggregated.distances(Dtype.FLOAT32, rows), 1).best(3))
        .containsExactly(1, 2, 3);
  }

  @Test
  void bulyan_ofTwoValuesAsFarFromTheMedian_takesThatOfTheFirstRow() {
    double[][] rows = {{2}, {-2}, {0}, {1}, {-1}, {0}, {0}};
    // five are chosen; of them the three nearest to their median
    assertThat(Aggregated.by(new Bulyan(1), Dtype.FLOAT64, rows))
        .containsExactly(bulyan(Dtype.FLOAT64, rows, 1));
    double[][] pairs = {{0}, {1}, {-1}, {3}};
    var nearest = new NearestMean(new int[] {0, 1, 2, 3}, 2);
    var into = new DoubleTile(new double[1], 1);
    nearest.aggregate(new ArrayRows(pairs), into); // the median is 0.5
    assertThat(into.get(0)).isEqualTo(0.5);
    double[][] tied = {{-1}, {0}, {1}, {-1}, {1}};
    new NearestMean(new int[] {0, 1, 2, 3, 4}, 3).aggregate(new ArrayRows(tied), into);
    assertThat(into.get(0)).isZero(); // of rows 0, 1 and 2
    double[][] other = {{-1}, {0}, {1}, {-1}, {1}, {-1}, {1}};
    new NearestMean(new int[] {0, 1, 3, 4, 5, 6, 2}, 2).aggregate(new ArrayRows(other), into);
    assertThat(into.get(0)).isEqualTo(-0.5); // of rows 0 and 1
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void hostileUpdates_areNotChosen(Dtype dtype) {
    var random = new Random(4);
    double huge = dtype == Dtype.FLOAT32 ? 1e38 : 1e300;
    double[][] rows =
        Aggregated.rows(11, 50, dtype, random, drawn -> 1 + drawn.nextGaussian() / 10);
    for (int row : new int[] {0, 7}) {
      int sign = row == 0 ? 1 : -1;
      Arrays.setAll(rows[row], _ -> WeightedMeanTest.rounded(dtype, sign * huge));
    }
    for (Aggregator rule : List.of(new Krum(2), new MultiKrum(2), new Bulyan(2))) {
      assertThat(Arrays.stream(Aggregated.by(rule, dtype, rows)).boxed())
          .allSatisfy(value -> assertThat(value).isBetween(0.5, 1.5));
    }
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void multiKrum_averagesAsManyAsItIsToKeep_byTheirWeights(Dtype dtype) {
    double[][] rows = {{1, 5}, {2, 4}, {3, 3}, {2, 5}, {900, 1}, {2, 3}, {1, 4}};
    double[] weights = {5, 1, 2, 7, 3, 4, 6};
    List<Integer> ranking = ranking(rows, all(rows), 1);
    for (int keep = 1; keep <= 6; keep++) {
      double[] expected = new double[2];
      double total = 0;
      for (int row : ranking.subList(0, keep)) {
        total += weights[row];
        expected[0] += weights[row] * rows[row][0];
        expected[1] += weights[row] * rows[row][1];
      }
      assertThat(Aggregated.by(new MultiKrum(1, keep, true), dtype, weights, rows))
          .containsExactly(new double[] {expected[0] / total, expected[1] / total}, within(1e-6));
      assertThat(Aggregated.by(new MultiKrum(1, keep, false), dtype, weights, rows))
          .containsExactly(mean(dtype, rows, ranking.subList(0, keep)));
    }
    double[][] two = {{1, 5}, {4, 2}};
    assertThat(Aggregated.by(new MultiKrum(null, null, true), dtype, new double[] {1, 2}, two))
        .containsExactly(3, 3);
  }

  @Test
  void keep_setsTheFewestUpdates() {
    assertThat(new MultiKrum(2, 6, true).leastUpdates()).isEqualTo(8);
    assertThat(new MultiKrum(2, 1, true).leastUpdates()).isEqualTo(7);
    for (int keep = 1; keep < 20; keep++) {
      int least = new MultiKrum(null, keep, true).leastUpdates();
      for (int n = least; n < 50; n++) {
        assertThat(n - Math.max(0, (n - 3) / 2)).isGreaterThanOrEqualTo(keep);
      }
      int n = least - 1;
      assertThat(n - Math.max(0, (n - 3) / 2)).isLessThan(keep);
    }
  }

  @Test
  void byzantine_setsTheFewestUpdates() {
    assertThat(new Krum(3).leastUpdates()).isEqualTo(9);
    assertThat(new MultiKrum(0).leastUpdates()).isEqualTo(3);
    assertThat(new Bulyan(3).leastUpdates()).isEqualTo(15);
    assertThat(new Krum(null).leastUpdates()).isEqualTo(1);
    assertThatThrownBy(() -> new Krum(-1)).isInstanceOf(IllegalArgumentException.class);
  }
}
