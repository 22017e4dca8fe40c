package io.fedstep.secure;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Every primitive gives the bytes of the reference. */
class PrimitivesTest {
  static Stream<JsonNode> publicKeys() {
    return Goldens.cases("public_key");
  }

  @ParameterizedTest
  @MethodSource("publicKeys")
  void publicKey(JsonNode golden) {
    assertThat(Curve25519.publicKey(Goldens.hex(golden, "private")))
        .isEqualTo(Goldens.hex(golden, "public"));
  }

  static Stream<JsonNode> agreements() {
    return Goldens.cases("agreement");
  }

  @ParameterizedTest
  @MethodSource("agreements")
  void agreement(JsonNode golden) {
    assertThat(Curve25519.agree(Goldens.hex(golden, "private"), Goldens.hex(golden, "peer")))
        .isEqualTo(Goldens.hex(golden, "secret"));
  }

  static Stream<JsonNode> keys() {
    return Goldens.cases("keys");
  }

  @ParameterizedTest
  @MethodSource("keys")
  void keyOfAJoin_isRefused_whereItIsBad(JsonNode golden) {
    byte[] key = Goldens.hex(golden, "key");
    String bad = Goldens.textOrNull(golden.required("bad"));
    String wrong = Curve25519.wrong(key);
    if (bad == null) {
      assertThat(wrong).isNull();
    } else {
      assertThat(wrong)
          .contains(
              switch (bad) {
                case "31 bytes" -> "31 bytes";
                case "small order" -> "small order";
                default -> "2^255 - 19";
              });
    }
  }

  @Test
  void pointOfSmallOrder_agreesOnNothing() {
    byte[] own = new byte[Curve25519.BYTES];
    new SplittableRandom(7).nextBytes(own);
    assertThat(Curve25519.SMALL_ORDER)
        .hasSize(5)
        .allSatisfy(point -> {
          byte[] key = LittleEndian.bytes(point, Curve25519.BYTES);
          assertThat(Curve25519.wrong(key)).contains("small order");
          assertThatThrownBy(() -> Curve25519.agree(own, key)).hasMessageContaining("small order");
        });
  }

  @Test
  void joinWithTheSameKeyTwice_isRefused() {
    byte[] key =
        Curve25519.publicKey(
            new byte[] {
              1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
              25, 26, 27, 28, 29, 30, 31, 32
            });
    assertThat(new Join(key, key, "b-0", null, null).wrongKey()).contains("the same");
  }

  static Stream<JsonNode> hkdfs() {
    return Goldens.cases("hkdf");
  }

  @ParameterizedTest
  @MethodSource("hkdfs")
  void hkdf(JsonNode golden) {
    assertThat(
            Keys.hkdf(
                Goldens.hex(golden, "secret"),
                Goldens.hex(golden, "salt"),
                Goldens.hex(golden, "info")))
        .isEqualTo(Goldens.hex(golden, "key"));
  }

  static Stream<JsonNode> gcms() {
    return Goldens.cases("gcm");
  }

  @ParameterizedTest
  @MethodSource("gcms")
  void sealing(JsonNode golden) {
    byte[] key = Goldens.hex(golden, "key");
    byte[] associated = Goldens.hex(golden, "associated");
    byte[] tag = Arrays.copyOf(associated, 32);
    int u = associated[32] & 0xFF;
    int v = associated[33] & 0xFF;
    byte[] plain = Goldens.hex(golden, "plain");
    byte[] one = Arrays.copyOf(plain, 32);
    byte[] other = Arrays.copyOfRange(plain, 32, 64);
    byte[] sealed = Sealing.seal(key, one, other, tag, u, v);
    assertThat(sealed).isEqualTo(Goldens.hex(golden, "sealed")).hasSize(Sealing.BYTES);
    Sealing.Opened opened = Sealing.open(key, sealed, tag, u, v);
    assertThat(opened.maskKeyShare()).isEqualTo(one);
    assertThat(opened.selfSeedShare()).isEqualTo(other);
    assertThatThrownBy(() -> Sealing.open(key, sealed, tag, v, u))
        .isInstanceOf(IllegalArgumentException.class);
  }

  static Stream<JsonNode> keystreams() {
    return Goldens.cases("keystream");
  }

  @ParameterizedTest
  @MethodSource("keystreams")
  void keystream_atAnyOffset(JsonNode golden) {
    byte[] expected = Goldens.hex(golden, "bytes");
    byte[] bytes = new byte[expected.length];
    new Keystream()
        .read(
            Goldens.hex(golden, "key"), golden.required("offset").longValue(), bytes, bytes.length);
    assertThat(bytes).isEqualTo(expected);
  }

  static Stream<JsonNode> commitments() {
    return Goldens.cases("commitment");
  }

  @ParameterizedTest
  @MethodSource("commitments")
  void commitment(JsonNode golden) {
    assertThat(
            Keys.commitment(
                Goldens.hex(golden, "tag"),
                golden.required("index").intValue(),
                Goldens.hex(golden, "self_seed")))
        .isEqualTo(Goldens.hex(golden, "commitment"));
  }

  @Test
  void products() {
    Goldens.cases("gf256")
        .forEach(golden ->
            assertThat(
                    Gf256.product(golden.required("a").intValue(), golden.required("b").intValue()))
                .isEqualTo(golden.required("product").intValue()));
  }

  @Test
  void inverse_ofEveryElement() {
    for (int a = 1; a < 256; a++) {
      assertThat(Gf256.product(a, Gf256.inverse(a))).isEqualTo(1);
    }
    assertThatThrownBy(() -> Gf256.inverse(0)).isInstanceOf(IllegalArgumentException.class);
  }

  static Stream<JsonNode> sharings() {
    return Goldens.cases("shamir");
  }

  @ParameterizedTest
  @MethodSource("sharings")
  void sharing_andAnyOfItsShares_open(JsonNode golden) {
    byte[] secret = Goldens.hex(golden, "secret");
    List<byte[]> coefficients =
        Goldens.stream(golden.required("coefficients")).map(Goldens::hex).toList();
    List<byte[]> expected = Goldens.stream(golden.required("shares")).map(Goldens::hex).toList();
    for (int i = 0; i < expected.size(); i++) {
      assertThat(Sharing.share(secret, coefficients, i + 1)).isEqualTo(expected.get(i));
    }
    var random = new SplittableRandom(7);
    var some = new TreeMap<Integer, byte[]>();
    while (some.size() < golden.required("threshold").intValue()) {
      int index = random.nextInt(expected.size()) + 1;
      some.put(index, expected.get(index - 1));
    }
    assertThat(Sharing.open(some)).isEqualTo(secret);
  }

  @Test
  void sharesOfManyMembers_open() {
    JsonNode golden = Goldens.read("primitives").required("shamir_open");
    var shares = new TreeMap<Integer, byte[]>();
    golden
        .required("shares")
        .properties()
        .forEach(
            share -> shares.put(Integer.valueOf(share.getKey()), Goldens.hex(share.getValue())));
    assertThat(shares).hasSize(golden.required("threshold").intValue());
    assertThat(Sharing.open(shares)).isEqualTo(Goldens.hex(golden, "secret"));
  }

  static Stream<JsonNode> quantizations() {
    return Goldens.cases("quantize");
  }

  @ParameterizedTest
  @MethodSource("quantizations")
  void quantization(JsonNode golden) {
    var quantizer =
        new Quantizer(
            Goldens.clip(golden.required("clip")), golden.required("fraction_bits").intValue());
    assertThat(quantizer.bound()).isEqualTo(Long.parseLong(text(golden, "bound")));
    List<Double> values = values(Goldens.hex(golden, "values"), text(golden, "dtype").equals("f4"));
    assertThat(values.stream().map(quantizer::steps))
        .isEqualTo(
            Goldens.stream(golden.required("quantized"))
                .map(step -> Long.valueOf(step.stringValue()))
                .toList());
    assertThat(values.stream().map(quantizer::isCut))
        .isEqualTo(Goldens.stream(golden.required("cut")).map(JsonNode::booleanValue).toList());
  }

  /** Values of little-endian bytes, widened. */
  static List<Double> values(byte[] bytes, boolean areFloats) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN);
    var values = new ArrayList<Double>();
    while (buffer.hasRemaining()) {
      values.add(areFloats ? (double) buffer.getFloat() : buffer.getDouble());
    }
    return values;
  }

  private static String text(JsonNode golden, String key) {
    return golden.required(key).stringValue();
  }

  @Test
  void forms() {
    Goldens.cases("form")
        .forEach(golden -> {
          var form =
              new BodyForm(
                  golden.required("coordinates").longValue(),
                  golden.required("bits").intValue(),
                  golden.required("metrics").intValue());
          assertThat(form.bytes()).isEqualTo(golden.required("bytes").longValue());
          assertThat(form.paddingWords()).isEqualTo(golden.required("padding_words").intValue());
        });
  }

  @Test
  void fractionBits() {
    Goldens.cases("fraction_bits")
        .forEach(golden ->
            assertThat(
                    FractionBits.of(
                        golden.required("max_updates").intValue(),
                        golden.required("max_weight").longValue(),
                        Goldens.clip(golden.required("clip")),
                        golden.required("bits").intValue()))
                .as(golden.toString())
                .isEqualTo(golden.required("fraction_bits").intValue()));
  }

  @Test
  void thresholds() {
    Goldens.cases("threshold")
        .forEach(golden ->
            assertThat(
                    FractionBits.threshold(
                        golden.required("members").intValue(),
                        golden.required("threshold").doubleValue()))
                .as(golden.toString())
                .isEqualTo(golden.required("t").intValue()));
  }

  static Stream<JsonNode> means() {
    return Goldens.cases("mean");
  }

  @ParameterizedTest
  @MethodSource("means")
  void mean_isRoundedOnce(JsonNode golden) {
    var mean =
        new MeanOfSum(
            golden.required("fraction_bits").intValue(), golden.required("weight").longValue());
    long sum = Long.parseLong(text(golden, "sum"));
    ByteBuffer asDouble = ByteBuffer.allocate(8).order(LITTLE_ENDIAN).putDouble(mean.of(sum));
    ByteBuffer asFloat = ByteBuffer.allocate(4).order(LITTLE_ENDIAN).putFloat(mean.floatOf(sum));
    assertThat(asDouble.array()).isEqualTo(Goldens.hex(golden, "f8"));
    assertThat(asFloat.array()).isEqualTo(Goldens.hex(golden, "f4"));
  }
}
