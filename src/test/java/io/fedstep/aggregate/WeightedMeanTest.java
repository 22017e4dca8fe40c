package io.fedstep.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import io.fedstep.process.BesideOthers;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The mean is the exact one, rounded once, whatever the values, weights and order. */
@BesideOthers
class WeightedMeanTest {
  /** What rows hold. */
  enum Values {
    NORMAL {
      @Override
      double next(Random random, Dtype dtype) {
        return random.nextGaussian();
      }
    },
    /** A few magnitudes with opposite signs, which mostly cancel. */
    CANCELLING {
      @Override
      double next(Random random, Dtype dtype) {
        double large = Math.scalb(1.0, 20 * random.nextInt(3));
        return (random.nextBoolean() ? large : -large) + random.nextInt(3) * 0x1p-20;
      }
    },
    /** The whole range of the dtype. */
    HOSTILE {
      @Override
      double next(Random random, Dtype dtype) {
        double decimal =
            dtype == Dtype.FLOAT32
                ? Math.pow(10, random.nextInt(84) - 45)
                : Math.pow(10, random.nextInt(629) - 320);
        return decimal * random.nextDouble(-3, 3);
      }
    },
    ZEROS {
      @Override
      double next(Random random, Dtype dtype) {
        return random.nextInt(8) == 0 ? 1 : random.nextBoolean() ? 0.0 : -0.0;
      }
    },
    SUBNORMAL {
      @Override
      double next(Random random, Dtype dtype) {
        return random.nextInt(-9, 10)
            * (dtype == Dtype.FLOAT32 ? Float.MIN_VALUE : Double.MIN_VALUE);
      }
    },
    /** Neighbours, whose mean with equal weights is a tie. */
    TIES {
      @Override
      double next(Random random, Dtype dtype) {
        return 1 + random.nextInt(4) * (dtype == Dtype.FLOAT32 ? 0x1p-23 : 0x1p-52);
      }
    };

    abstract double next(Random random, Dtype dtype);
  }

  /** How much rows weigh. */
  enum Weights {
    ONES {
      @Override
      double next(Random random) {
        return 1;
      }
    },
    INTEGERS {
      @Override
      double next(Random random) {
        return random.nextInt(1, 1000);
      }
    },
    FRACTIONS {
      @Override
      double next(Random random) {
        return 1 - random.nextDouble();
      }
    },
    LARGEST {
      @Override
      double next(Random random) {
        return 0x1p53 - random.nextInt(2);
      }
    },
    TINY {
      @Override
      double next(Random random) {
        return 1e-300 * random.nextInt(1, 10);
      }
    },
    UNEQUAL {
      @Override
      double next(Random random) {
        return Math.pow(10, random.nextInt(-320, 16)) + Double.MIN_VALUE;
      }
    };

    abstract double next(Random random);
  }

  static Stream<Arguments> kinds() {
    return Arrays.stream(Values.values())
        .flatMap(values ->
            Arrays.stream(Weights.values()).map(weights -> Arguments.of(values, weights)));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void mean_isTheExactOneRoundedOnce(Values values, Weights weights) {
    var random = new Random((values.name() + weights.name()).hashCode());
    for (Dtype dtype : Dtype.values()) {
      for (int count : new int[] {1, 2, 3, 5, 64, 257}) {
        check(dtype, count, count < 10 ? 101 : 7, values, weights, random);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 2", "16383, 2", "16384, 3", "16385, 10"})
  void mean_isExact_atAllPlacesOfATile(int size, int count) {
    var random = new Random(size);
    for (Dtype dtype : Dtype.values()) {
      check(dtype, count, size, Values.NORMAL, Weights.ONES, random);
    }
  }

  private static void check(
      Dtype dtype, int count, int size, Values values, Weights weights, Random random) {
    double[] rowWeights = random.doubles(count).map(_ -> weights.next(random)).toArray();
    double[][] rows = new double[count][size];
    for (double[] row : rows) {
      Arrays.setAll(row, _ -> rounded(dtype, values.next(random, dtype)));
    }
    double[] means = mean(dtype, rows, rowWeights);
    var rational = new RationalMean(dtype, rowWeights);
    for (int i = 0; i < size; i++) {
      int index = i;
      assertThat(Double.doubleToRawLongBits(means[i]))
          .as(() -> "%s, weights %s".formatted(column(rows, index), Arrays.toString(rowWeights)))
          .isEqualTo(Double.doubleToRawLongBits(rational.of(rows, i)));
    }
    checkOrder(dtype, rows, rowWeights, means, random);
  }

  static double rounded(Dtype dtype, double value) {
    double max = dtype == Dtype.FLOAT32 ? Float.MAX_VALUE : Double.MAX_VALUE;
    double clamped = Math.max(-max, Math.min(max, value));
    return dtype == Dtype.FLOAT32 ? (float) clamped : clamped;
  }

  private static String column(double[][] rows, int index) {
    return Arrays.toString(Arrays.stream(rows).mapToDouble(row -> row[index]).toArray());
  }

  private static void checkOrder(
      Dtype dtype, double[][] rows, double[] weights, double[] means, Random random) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, rows.length).boxed().toList());
    Collections.shuffle(order, random);
    double[][] shuffled = order.stream().map(row -> rows[row]).toArray(double[][]::new);
    double[] shuffledWeights = order.stream().mapToDouble(row -> weights[row]).toArray();
    assertThat(Arrays.equals(mean(dtype, shuffled, shuffledWeights), means)).isTrue();
  }

  private static double[] mean(Dtype dtype, double[][] rows, double... weights) {
    double[] mean = mean(dtype, new ArrayRows(rows), rows[0].length, weights);
    // the same, whether rows know their exponents or not
    assertThat(mean(dtype, new Unknown(new ArrayRows(rows)), rows[0].length, weights))
        .containsExactly(mean);
    return mean;
  }

  private static double[] mean(Dtype dtype, Rows rows, int size, double[] weights) {
    Tile mean = Tile.zeros(dtype, size);
    new WeightedMean(weights).aggregate(rows, mean);
    return IntStream.range(0, size).mapToDouble(mean::get).toArray();
  }

  /** Rows of whose exponents nothing is known. */
  private record Unknown(Rows rows) implements Rows {
    @Override
    public int count() {
      return rows.count();
    }

    @Override
    public void read(int row, int from, Tile into) {
      rows.read(row, from, into);
    }

    @Override
    public void gather(int row, int from, int[] indexes, int count, double[] into) {
      rows.gather(row, from, indexes, count, into);
    }

    @Override
    public double value(int row, int index) {
      return rows.value(row, index);
    }
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void zero_isNegative_onlyWhereAllAre(Dtype dtype) {
    double[][] rows = {{-0.0, -0.0, 0.0, 5.0, -5.0}, {-0.0, 0.0, -0.0, -5.0, 5.0}};
    for (double weight : new double[] {1, 0.1, 0x1p-1000}) {
      assertThat(mean(dtype, rows, weight, weight)).containsExactly(-0.0, 0.0, 0.0, 0.0, 0.0);
    }
    // a mean that is not zero and rounds to it keeps its sign
    double least = dtype == Dtype.FLOAT32 ? Float.MIN_VALUE : Double.MIN_VALUE;
    assertThat(mean(dtype, new double[][] {{least, -least}, {0, 0}, {0, 0}}, 1, 1, 1))
        .containsExactly(0.0, -0.0);
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void largestValues_doNotOverflow(Dtype dtype) {
    double max = dtype == Dtype.FLOAT32 ? Float.MAX_VALUE : Double.MAX_VALUE;
    double[][] rows = {{max, -max, max}, {max, -max, -max}, {max, -max, max}};
    assertThat(mean(dtype, rows, 0x1p53, 0x1p53, 0x1p53))
        .startsWith(max, -max)
        .satisfies(means -> assertThat(means[2]).isFinite());
  }

  @Test
  void noValues_needNoMean() {
    assertThat(mean(Dtype.FLOAT32, new double[][] {{}, {}}, 1, 1)).isEmpty();
    assertThat(mean(Dtype.FLOAT64, new double[][] {{}, {}}, 1, 1)).isEmpty();
  }

  @Test
  void averaging_withoutWeights_countsEachTheSame() {
    var rows = new ArrayRows(new double[][] {{1}, {2}, {6}});
    var mean = new FloatTile(new float[1], 1);
    new Averaging(false)
        .begin(new double[] {100, 1, 1}, Distances.NONE)
        .get()
        .aggregate(rows, mean);
    assertThat(mean.get(0)).isEqualTo(3);
    new Averaging(true).begin(new double[] {2, 1, 1}, Distances.NONE).get().aggregate(rows, mean);
    assertThat(mean.get(0)).isEqualTo(2.5);
  }

  /** Means that are less than 2^-50 from a tie, whose even side is the wrong one. */
  @Test
  void almostTies_areNotTies() {
    double below = 1 + 0x1p-23;
    for (int sign : new int[] {1, -1}) {
      // the quotient is a tie once it is rounded to double; the total is 1; the sum is four ties
      assertThat(mean(Dtype.FLOAT32, column(sign, 1, 0x3p28, 2), 0x1p52, 1, 1))
          .containsExactly(sign * below);
      assertThat(mean(Dtype.FLOAT32, column(sign, below, 0x1p36), 1, 0x1p-60))
          .containsExactly(sign * below);
      assertThat(mean(Dtype.FLOAT32, column(sign, 3, 1 + 0x3p-22, -0x1p-80, 0), 1, 1, 1, 1))
          .containsExactly(sign * below);
      assertThat(mean(Dtype.FLOAT64, column(sign, 1, 129), 1, 0x1p-60)).containsExactly(sign);
    }
  }

  private static double[][] column(int sign, double... values) {
    return Arrays.stream(values)
        .mapToObj(value -> new double[] {sign * value})
        .toArray(double[][]::new);
  }

  /** Values that nothing but integers decide; a hundred times what it takes. */
  @ParameterizedTest
  @EnumSource(Dtype.class)
  void hostileValues_takeBoundedTime(Dtype dtype) {
    var random = new Random(12);
    double[][] rows = new double[16][2048];
    for (int row = 0; row < rows.length; row += 2) {
      double scale = Math.pow(10, 4 * row - 30);
      Arrays.setAll(rows[row], i -> (float) (scale * random.nextGaussian()));
      double[] other = rows[row];
      Arrays.setAll(rows[row + 1], i -> -other[i]);
    }
    double[] weights = new double[rows.length];
    Arrays.fill(weights, 0.1);
    assertTimeout(Duration.ofSeconds(10), () -> mean(dtype, rows, weights));
  }

  /** The proof for ties has to know when it has none. */
  @Test
  void errorFreeSum_knowsWhatItLost() {
    double[][] rows = {
      {1, 1, 0x1p60, 1}, {0x1p-52, 0x1p-60, 1, 0x1p-60}, {-1, 0x1p-120, 0x1p-60, -0.0}
    };
    var sum = new ErrorFreeSum(new double[] {1, 1, 1});
    sum.take(new ArrayRows(rows), 0, new int[] {0, 1, 2, 3}, 4);
    assertThat(IntStream.range(0, 4).mapToObj(sum::isExact))
        .containsExactly(true, false, false, true);
    assertThat(IntStream.range(0, 4).mapToObj(sum::isShort))
        .containsExactly(true, false, false, false);
    assertThat(sum.value(0)).isEqualTo(0x1p-52);
    sum.take(new ArrayRows(rows), 0, new int[] {3}, 1);
    assertThat(sum.isExact(0)).isTrue();
    var tenth = new ErrorFreeSum(new double[] {0.1});
    tenth.take(new ArrayRows(new double[][] {{0.1}}), 0, new int[] {0}, 1);
    assertThat(tenth.isExact(0)).isFalse();
  }
}
