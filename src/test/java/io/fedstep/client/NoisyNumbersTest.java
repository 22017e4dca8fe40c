package io.fedstep.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.privacy.Goldens;
import io.fedstep.privacy.Noise;
import io.fedstep.process.BesideOthers;
import io.fedstep.secure.MemberNoise;
import io.fedstep.secure.Roster;
import io.fedstep.secure.RoundFacts;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Numbers on the grid of the noise, as the goldens have them, with this client's share of it. */
@BesideOthers
class NoisyNumbersTest {
  private static final byte[] KEY = HexFormat.of().parseHex("0123456789abcdef".repeat(4));
  private static final int THRESHOLD = 7;
  private static final int COLLUSION = 3;

  private static Roster roster(double clip, double multiplier, int size) {
    var noise = new MemberNoise(multiplier, COLLUSION);
    var facts =
        new RoundFacts("m", 0, "b-0", size, new byte[32], 64, 0, clip, 1, List.of(), 3, noise);
    return new Roster(facts, THRESHOLD, new TreeMap<>());
  }

  static Stream<JsonNode> norms() {
    return Goldens.cases("norms", "cases");
  }

  @ParameterizedTest
  @MethodSource
  void norms(JsonNode one) {
    double scale = one.required("scale").doubleValue();
    boolean isWide = one.required("dtype").stringValue().equals("float64");
    IntToDoubleFunction values =
        j -> {
          double value = ((j * 2654435761L & 0xFFFFFFFFL) / 0x1p32 - 0.5) * scale;
          return isWide ? value : (float) value;
        };
    assertThat(NoisyNumbers.norm(values, one.required("d").intValue()))
        .isEqualTo(hexDouble(one.required("norm")));
  }

  static Stream<JsonNode> closes() {
    return Goldens.cases("closes", "cases").filter(one -> !one.has("h"));
  }

  @ParameterizedTest
  @MethodSource
  void closes(JsonNode one) {
    boolean isWide = one.required("dtype").stringValue().equals("float64");
    double clip = one.required("clip_norm").doubleValue();
    double multiplier = one.required("noise_multiplier").doubleValue();
    for (JsonNode update : one.required("updates")) {
      ByteBuffer x =
          ByteBuffer.wrap(HexFormat.of().parseHex(update.required("x").stringValue()))
              .order(ByteOrder.LITTLE_ENDIAN);
      long[] k = update.required("k").valueStream().mapToLong(JsonNode::longValue).toArray();
      IntToDoubleFunction values = i -> isWide ? x.getDouble(8 * i) : x.getFloat(4 * i);
      assertThat(NoisyNumbers.norm(values, k.length)).isEqualTo(hexDouble(update.required("norm")));
      new Noise(KEY, THRESHOLD - COLLUSION).add(0, k.length, k);
      var numbers = new NoisyNumbers(values, k.length, roster(clip, multiplier, k.length), KEY);
      assertThat(numbers.of(0, k.length)).isEqualTo(k);
    }
  }

  @Test
  void numbers_areTheSame_inAnyPieces() {
    int size = 3000;
    var numbers = new NoisyNumbers(i -> i * 1e-3, size, roster(1, 2, size), KEY);
    long[] whole = numbers.of(0, size);
    for (int most : new int[] {1, 255, 1024}) {
      for (int at = 0; at < size; at += most) {
        int length = Math.min(most, size - at);
        assertThat(numbers.of(at, length)).isEqualTo(Arrays.copyOfRange(whole, at, at + length));
      }
    }
  }

  @Test
  void infiniteNorm_leavesNoiseAlone() {
    long[] noise = new long[4];
    new Noise(KEY, THRESHOLD - COLLUSION).add(0, 4, noise);
    assertThat(new NoisyNumbers(_ -> 1e300, 4, roster(1, 1, 4), KEY).of(0, 4)).isEqualTo(noise);
  }

  private static double hexDouble(JsonNode hex) {
    return Double.longBitsToDouble(HexFormat.fromHexDigitsToLong(hex.stringValue()));
  }
}
