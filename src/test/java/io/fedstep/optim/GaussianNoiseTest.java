package io.fedstep.optim;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Noise that is a function of the seed, the version and the coordinate. */
class GaussianNoiseTest {
  private static final int SIZE = 100_000;

  private static double[] noise(GaussianNoise module, long version, long from, int length) {
    var tile = new DoubleTile(new double[length], length);
    module.run(tile, List.of(), StepContexts.at(version, from, length));
    return tile.values();
  }

  private static GaussianNoise noise(boolean safe) {
    return new GaussianNoise(safe, null, 1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void slices_doNotShow(boolean safe) {
    double[] whole = noise(noise(safe), 3, 0, 1000);
    for (int slice : new int[] {1, 2, 7, 64, 999}) {
      double[] joined = new double[1000];
      for (int from = 0; from < 1000; from += slice) {
        int length = Math.min(slice, 1000 - from);
        System.arraycopy(noise(noise(safe), 3, from, length), 0, joined, from, length);
      }
      assertThat(joined).isEqualTo(whole);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void values_areStandardNormal(boolean safe) {
    double[] values = noise(noise(safe), 1, 12_345, SIZE);
    for (int power = 1; power <= 4; power++) {
      int exponent = power;
      double mean = Arrays.stream(values).map(x -> Math.pow(x, exponent)).average().orElseThrow();
      double expected = power == 2 ? 1 : power == 4 ? 3 : 0;
      assertThat(mean).isBetween(expected - 0.15, expected + 0.15);
    }
    double neighbours = 0;
    for (int i = 1; i < SIZE; i++) {
      neighbours += values[i] * values[i - 1];
    }
    assertThat(neighbours / SIZE).isBetween(-0.02, 0.02);
    assertThat(Arrays.stream(values).distinct().count()).isEqualTo(SIZE);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void otherVersionsSeedsAndCoordinates_haveOtherNoise(boolean safe) {
    double[] values = noise(noise(safe), 1, 0, 100);
    assertThat(noise(noise(safe), 2, 0, 100)).doesNotContain(values);
    assertThat(noise(noise(safe), 1, 1L << 40, 100)).doesNotContain(values);
    assertThat(noise(noise(!safe), 1, 0, 100)).doesNotContain(values);
    double[] seeded = noise(new GaussianNoise(safe, 7L, 1), 1, 0, 100);
    assertThat(seeded).doesNotContain(values);
    assertThat(noise(new GaussianNoise(safe, 8L, 1), 1, 0, 100)).doesNotContain(seeded);
    assertThat(noise(new GaussianNoise(safe, 7L, 1), 1, 0, 100)).isEqualTo(seeded);
  }

  @Test
  void noise_isScaledRoundedAndAdded() {
    double[] values = noise(noise(true), 1, 0, 100);
    var floats = new FloatTile(new float[100], 100);
    Arrays.fill(floats.values(), 0.3f);
    new GaussianNoise(true, null, 0.7).run(floats, List.of(), StepContexts.at(1, 0, 100));
    for (int i = 0; i < 100; i++) {
      assertThat(floats.values()[i]).isEqualTo(0.3f + (float) (0.7 * values[i]));
    }
  }

  /** The known answers that come with Random123. */
  @Test
  void philox_isTheAuthors() {
    assertThat(CounterBits.philox(new int[4], 0, 0))
        .containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    assertThat(CounterBits.philox(new int[] {-1, -1, -1, -1}, -1, -1))
        .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    int[] pi = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344};
    assertThat(CounterBits.philox(pi, 0xa4093822, 0x299f31d0))
        .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
  }
}
