package io.fedstep.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tiles of both formats. */
class TileTest {
  private static void put(Tile tile, int index, double value) {
    switch (tile) {
      case FloatTile floats -> floats.values()[index] = (float) value;
      case DoubleTile doubles -> doubles.values()[index] = value;
    }
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void firstNotFinite_isFoundAtEachPlace(Dtype dtype) {
    double[] wrong = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -Double.NaN};
    double[] finite = {0, -0.0, Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE};
    for (int length : new int[] {1, 2, 7, 8, 9, 33, 64}) {
      Tile tile = Tile.zeros(dtype, length + 1);
      for (int i = 0; i < length; i++) {
        put(tile, i, finite[i % finite.length]);
      }
      put(tile, length, Double.NaN); // behind the values that count
      Tile counted = tile.first(length);
      assertThat(counted.firstNotFinite()).isEqualTo(-1);
      for (int i = length - 1; i >= 0; i--) { // the first of more and more
        put(tile, i, wrong[i % wrong.length]);
        assertThat(counted.firstNotFinite()).isEqualTo(i);
      }
    }
    assertThat(Tile.zeros(dtype, 0).firstNotFinite()).isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void parts_areCopiedAndCleared_andTheRestStays(Dtype dtype) {
    Tile tile = Tile.zeros(dtype, 6);
    Tile other = Tile.zeros(dtype, 4);
    for (int i = 0; i < 4; i++) {
      put(other, i, i + 1);
    }
    tile.put(1, other, 2, 2);
    tile.put(4, other.first(2));
    assertThat(IntStream.range(0, 6).mapToObj(tile::get))
        .containsExactly(0.0, 3.0, 4.0, 0.0, 1.0, 2.0);
    tile.clear(2, 5);
    assertThat(IntStream.range(0, 6).mapToObj(tile::get))
        .containsExactly(0.0, 3.0, 0.0, 0.0, 0.0, 2.0);
    tile.first(5).clear();
    assertThat(IntStream.range(0, 6).mapToObj(tile::get))
        .containsExactly(0.0, 0.0, 0.0, 0.0, 0.0, 2.0);
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void signallingNaN_isNotFinite(Dtype dtype) {
    Tile tile = Tile.zeros(dtype, 3);
    String bytes = dtype == Dtype.FLOAT32 ? "0100807f" : "010000000000f07f";
    byte[] vector = HexFormat.of().parseHex(bytes.repeat(3));
    tile.read(MemorySegment.ofArray(vector), 0);
    assertThat(tile.firstNotFinite()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void bytes_areLittleEndian_andKeepEachBit(Dtype dtype) {
    byte[] bytes = new byte[5 + 9 * dtype.bytes()];
    new Random(1).nextBytes(bytes);
    Tile tile = Tile.zeros(dtype, 9);
    tile.read(MemorySegment.ofArray(bytes), 5);
    byte[] written = new byte[bytes.length];
    System.arraycopy(bytes, 0, written, 0, 5);
    tile.write(MemorySegment.ofArray(written), 5);
    assertThat(written).isEqualTo(bytes);
    byte[] one = new byte[dtype.bytes()];
    one[one.length - 1] = 0x40;
    tile.first(1).read(MemorySegment.ofArray(one), 0);
    assertThat(tile.get(0)).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void squares_areSummedInDouble(Dtype dtype) {
    for (int length : new int[] {0, 1, 3, 4, 5, 1000}) {
      Tile tile = Tile.zeros(dtype, length);
      double sum = 0;
      for (int i = 0; i < length; i++) {
        put(tile, i, i - 7);
        sum += (i - 7) * (i - 7);
      }
      assertThat(tile.squares()).isEqualTo(sum);
    }
    Tile large = Tile.zeros(dtype, 2);
    put(large, 0, 1e30);
    put(large, 1, 1e30);
    assertThat(large.squares()).isCloseTo(2e60, withPercentage(1));
  }

  @Test
  void clear_makesZerosOfWhatCounts() {
    var tile = new FloatTile(new float[] {1, -2, 3}, 2);
    tile.clear();
    assertThat(tile.values()).containsExactly(0, 0, 3);
  }

  @Test
  void ranges_coverAVectorOnce() {
    for (long size : new long[] {1, Range.TILE - 1, Range.TILE, Range.TILE + 1, 5L << 40}) {
      long tiles = Range.tiles(size);
      assertThat(Range.tile(0, size).from()).isZero();
      assertThat(Range.tile(tiles - 1, size).end()).isEqualTo(size);
      assertThat(Range.tile(tiles - 1, size).length()).isBetween(1, Range.TILE);
      if (tiles > 1) {
        assertThat(Range.tile(tiles - 2, size).end()).isEqualTo(Range.tile(tiles - 1, size).from());
      }
    }
  }
}
