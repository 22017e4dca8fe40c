package io.fedstep.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FixedPoint;
import io.fedstep.vector.Tile;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sums on a grid, against integers of any length. */
@BesideOthers
class GridSumTest {
  private static final FixedPoint GRID = new FixedPoint(0x1p20 / 3);

  private static double[][] updates(Dtype dtype, int rows, int length, long seed) {
    var random = new Random(seed);
    double[] special = {0, -0.0, Float.MIN_VALUE, -Double.MIN_VALUE, 1.5, -2.5, 1e6, 0.5};
    double[][] updates = new double[rows][length];
    for (double[] update : updates) {
      for (int i = 0; i < length; i++) {
        double value = random.nextInt(4) == 0 ? special[random.nextInt(8)] : random.nextGaussian();
        update[i] = dtype == Dtype.FLOAT32 ? (float) value : value;
      }
    }
    return updates;
  }

  /** The definition: a product rounded to double and then to a whole number, and added up. */
  private static long[] defined(double[][] updates, double[] factors) {
    long[] sums = new long[updates.length == 0 ? 0 : updates[0].length];
    for (int i = 0; i < sums.length; i++) {
      BigInteger sum = BigInteger.ZERO;
      for (int row = 0; row < updates.length; row++) {
        var product = new BigDecimal(updates[row][i] * (factors[row] * GRID.scale()));
        sum = sum.add(product.setScale(0, RoundingMode.HALF_EVEN).toBigIntegerExact());
      }
      sums[i] = sum.longValueExact();
    }
    return sums;
  }

  private static double[] factors(int rows) {
    double[] factors = new double[rows];
    Arrays.setAll(factors, row -> row % 5 == 0 ? 1 : 1.0 / (row + 1));
    return factors;
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void sums_areThoseOfIntegers(Dtype dtype) {
    for (int rows : new int[] {0, 1, 2, 3, 4, 5, 9, 64}) {
      for (int length : new int[] {0, 1, 7, 256, 1001}) {
        double[][] updates = updates(dtype, rows, length, 31L * rows + length);
        double[] factors = factors(rows);
        long[] sums = new long[length];
        Arrays.fill(sums, 7); // of the tile before
        new GridSum(GRID, factors, dtype, length).of(new ArrayRows(updates), length, sums);
        long[] expected = rows == 0 ? new long[length] : defined(updates, factors);
        assertThat(sums).as("%s rows of %s", rows, length).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void sums_doNotDependOnOrderNorOnTiles(Dtype dtype) {
    int length = 1000;
    double[][] updates = updates(dtype, 10, length, 3);
    double[] factors = factors(10);
    long[] whole = new long[length];
    new GridSum(GRID, factors, dtype, length).of(new ArrayRows(updates), length, whole);
    double[][] reversed = new double[10][];
    double[] reversedFactors = new double[10];
    Arrays.setAll(reversed, row -> updates[9 - row]);
    Arrays.setAll(reversedFactors, row -> factors[9 - row]);
    for (int tile : new int[] {1, 3, 256, 999}) {
      var sum = new GridSum(GRID, reversedFactors, dtype, tile);
      long[] part = new long[tile];
      for (int from = 0; from < length; from += tile) {
        int begin = from;
        int end = Math.min(length, from + tile);
        double[][] cut = new double[10][];
        Arrays.setAll(cut, row -> Arrays.copyOfRange(reversed[row], begin, end));
        sum.of(new ArrayRows(cut), end - begin, part);
        assertThat(Arrays.copyOf(part, end - begin))
            .as("from %s in tiles of %s", from, tile)
            .isEqualTo(Arrays.copyOfRange(whole, begin, end));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void mean_isOneQuotientInDouble(Dtype dtype) {
    long[] sums = {0, 1, -1, 3, (1L << 53) - 1, -(1L << 40) - 1, 123_456_789_012_345L};
    Tile into = Tile.zeros(dtype, sums.length);
    GRID.mean(sums, 7, into);
    for (int i = 0; i < sums.length; i++) {
      double quotient = sums[i] / (GRID.scale() * 7);
      assertThat(into.get(i)).isEqualTo(dtype == Dtype.FLOAT32 ? (float) quotient : quotient);
    }
  }
}
