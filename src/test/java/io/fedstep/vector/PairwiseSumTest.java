package io.fedstep.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sums of squares are NumPy's, in leaves of a tile. */
class PairwiseSumTest {
  private static long value(long i) {
    return i * 7919 % 10_007 - 5003;
  }

  private static Tile values(Dtype dtype, Range range) {
    Tile tile = Tile.zeros(dtype, range.length());
    for (int i = 0; i < range.length(); i++) {
      switch (tile) {
        case FloatTile(float[] floats, int _) -> floats[i] = value(range.from() + i) / 997f;
        case DoubleTile(double[] doubles, int _) -> doubles[i] = value(range.from() + i) / 997d;
      }
    }
    return tile;
  }

  private static double sum(Dtype dtype, int size) {
    List<Range> leaves = PairwiseSum.leaves(0, size);
    double[] sums = new double[leaves.size() + 1]; // the first is another tensor's
    for (int i = 0; i < leaves.size(); i++) {
      sums[i + 1] = PairwiseSum.squares(values(dtype, leaves.get(i)));
    }
    return PairwiseSum.join(dtype, size, sums, 1);
  }

  /** What {@code numpy.sum(numpy.power(values, 2))} gives in NumPy 2.4. */
  @ParameterizedTest
  @CsvSource({
    "1, 25.180866241455078, 25.180867577657743",
    "7, 74.5211410522461, 74.52113914461538",
    "8, 74.6781005859375, 74.67810452420451",
    "129, 1083.165771484375, 1083.1657379359744",
    "1000, 8402.900390625, 8402.900419412701",
    "16384, 137556.46875, 137556.47802082275",
    "16385, 137557.21875, 137557.2255432295",
    "100001, 839546.75, 839546.7662053362",
    "1000003, 8395334.0, 8395333.462066239"
  })
  void sums_areNumPys(int size, double single, double twice) {
    assertThat(sum(Dtype.FLOAT32, size)).isEqualTo(single);
    assertThat(sum(Dtype.FLOAT64, size)).isEqualTo(twice);
  }
}
