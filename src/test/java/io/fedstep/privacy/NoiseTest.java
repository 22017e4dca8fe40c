package io.fedstep.privacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.process.BesideOthers;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The noise, to the bit and by its distribution. */
@BesideOthers
class NoiseTest {
  private static final int DRAWS = 1_000_000;

  static Stream<JsonNode> sampler() {
    return Stream.concat(Goldens.cases("sampler", "cases"), Goldens.cases("parts", "cases"));
  }

  @ParameterizedTest
  @MethodSource
  void sampler(JsonNode one) {
    int parts = one.path("parts").asInt(1);
    byte[] key = HexFormat.of().parseHex(one.required("key").stringValue());
    long from = one.required("from").longValue();
    long[] expected = one.required("noise").valueStream().mapToLong(JsonNode::longValue).toArray();
    long[] noise = new long[expected.length];
    new Noise(key, parts).add(from, noise.length, noise);
    assertThat(noise).isEqualTo(expected);
    int[] taken = one.required("words").valueStream().mapToInt(JsonNode::intValue).toArray();
    var words = new NoiseWords(key, parts);
    words.load(from, taken.length);
    for (int i = 0; i < taken.length; i++) {
      words.goTo(from + i);
      assertThat(new DiscreteGaussian(parts).draw(words)).isEqualTo(expected[i]);
      assertThat(words.taken()).isEqualTo(taken[i]);
    }
  }

  static Stream<JsonNode> words() {
    return Goldens.cases("words", "cases");
  }

  @ParameterizedTest
  @MethodSource
  void words(JsonNode one) {
    String hex = one.required("words").stringValue();
    var given =
        new Words() {
          private int at;

          @Override
          public long next() {
            at += 8;
            return HexFormat.fromHexDigitsToLong(hex, at - 8, at);
          }
        };
    assertThat(new DiscreteGaussian(1).draw(given)).isEqualTo(one.required("noise").longValue());
    assertThat(given.at).isEqualTo(hex.length());
  }

  private static byte[] key(long seed) {
    byte[] key = new byte[Noise.KEY_BYTES];
    new Random(seed).nextBytes(key);
    return key;
  }

  @Test
  void noise_isTheSame_inAnyPieces() {
    var noise = new Noise(key(1));
    long[] whole = new long[3000];
    noise.add(40, whole.length, whole);
    for (int most : new int[] {1, 7, 256, 257, 1024}) {
      long[] pieces = new long[whole.length];
      for (int at = 0; at < whole.length; at += most) {
        long[] piece = new long[Math.min(most, whole.length - at)];
        noise.add(40 + at, piece.length, piece);
        System.arraycopy(piece, 0, pieces, at, piece.length);
      }
      assertThat(pieces).as("by %s", most).isEqualTo(whole);
    }
  }

  @Test
  void noise_isAddedToSums_andOtherForAnotherKey() {
    long[] sums = {5, -7, 1L << 40};
    new Noise(key(1)).add(9, 3, sums);
    long[] noise = new long[3];
    new Noise(key(1)).add(9, 3, noise);
    assertThat(sums).containsExactly(5 + noise[0], -7 + noise[1], (1L << 40) + noise[2]);
    long[] other = new long[3];
    new Noise(key(2)).add(9, 3, other);
    assertThat(other).doesNotContain(noise);
  }

  @Test
  void keyOfAnotherLength_orNoPart_isOurMistake() {
    for (ThrowingCallable wrong :
        List.<ThrowingCallable>of(
            () -> new Noise(new byte[16]),
            () -> new Noise(key(1), 0).at(0),
            () -> new Noise(key(1), 256).at(0))) {
      assertThatThrownBy(wrong).isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** Four standard errors: a seeded test that a wrong variance fails. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7, 40, 255})
  void parts_haveTheirShareOfTheVariance(int parts) {
    int count = 100_000;
    long[] draws = new long[count];
    new Noise(key(31 + parts), parts).add(0, count, draws);
    double scale = Noise.SCALE / Math.sqrt(parts);
    double mean = Arrays.stream(draws).average().orElseThrow() / scale;
    assertThat(Math.abs(mean)).isLessThan(4 / Math.sqrt(count));
    double square = moment(draws, scale, 2);
    assertThat(Math.abs(square - 1)).isLessThan(4 * Math.sqrt(2.0 / count));
    assertThat(Math.abs(moment(draws, scale, 4) - 3)).isLessThan(4 * Math.sqrt(96.0 / count));
  }

  private static double moment(long[] draws, double scale, int power) {
    return Arrays.stream(draws).mapToDouble(it -> Math.pow(it / scale, power)).average().orElse(0);
  }

  /**
   * χ² over bins of a quarter of a deviation; 31 degrees of freedom stay below 75 but once in 10⁴.
   */
  @Test
  void draws_areDistributedAsADiscreteGaussian() {
    long[] draws = new long[DRAWS];
    new Noise(key(20260101)).add(0, DRAWS, draws);
    int bins = 32;
    long width = 1L << 22;
    long first = -(bins / 2) * width; // the outermost bins are open
    double[] counted = new double[bins];
    for (long draw : draws) {
      counted[(int) Math.clamp(Math.floorDiv(draw - first, width), 0, bins - 1)]++;
    }
    double[] edges = new double[bins + 1];
    Arrays.setAll(edges, i -> (first + i * width - 0.5) / Noise.SCALE);
    double chiSquare = 0;
    for (int bin = 0; bin < bins; bin++) {
      double below = bin == 0 ? 0 : Math.exp(MillsRatio.logBelow(edges[bin]));
      double upTo = bin == bins - 1 ? 1 : Math.exp(MillsRatio.logBelow(edges[bin + 1]));
      double expected = DRAWS * (upTo - below);
      chiSquare += (counted[bin] - expected) * (counted[bin] - expected) / expected;
    }
    assertThat(chiSquare).isLessThan(75);
    for (int bit = 0; bit < 20; bit++) { // also those far below a bin's width
      int place = bit;
      long ones = Arrays.stream(draws).filter(draw -> (draw >> place & 1) == 1).count();
      assertThat(Math.abs(ones - DRAWS / 2.0)).as("bit %s", bit).isLessThan(2 * Math.sqrt(DRAWS));
    }
    double mean = Arrays.stream(draws).average().orElseThrow() / Noise.SCALE;
    assertThat(Math.abs(mean)).isLessThan(4 / Math.sqrt(DRAWS));
    double variance =
        Arrays.stream(draws).mapToDouble(it -> it / Noise.SCALE).map(it -> it * it).sum() / DRAWS;
    assertThat(Math.abs(variance - 1)).isLessThan(4 * Math.sqrt(2.0 / DRAWS));
  }
}
