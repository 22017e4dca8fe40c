package io.fedstep.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.Transfer;
import io.fedstep.round.VectorSummary;
import io.fedstep.thin.Centroids;
import io.fedstep.thin.EdenBlock;
import io.fedstep.thin.Hadamard;
import io.fedstep.thin.RandomSigns;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Encoded updates against what references decoded, to the bit. */
@BesideOthers
class EncodingTest {
  /** A body that comes in small pieces. */
  private static InputStream trickle(byte[] body) {
    return new FilterInputStream(new ByteArrayInputStream(body)) {
      @Override
      public int read(byte[] into, int from, int length) throws IOException {
        return super.read(into, from, Math.min(length, 7));
      }
    };
  }

  private static VectorSummary read(InputStream in, ModelSpec spec, Buffer row, boolean partial)
      throws IOException {
    try (var intake = VectorIntake.ofUpdate(spec, row, partial)) {
      Safetensors.read(in, intake);
      return intake.finish();
    }
  }

  private static ModelSpec spec(JsonNode of) {
    return Specs.spec(ThinGoldens.dtype(of), ThinGoldens.shapes(of.required("tensors")));
  }

  private static byte[] body(JsonNode of) {
    return Base64.getDecoder().decode(of.required("body").stringValue());
  }

  @Test
  void bodies_decodeToTheBit() throws IOException {
    for (JsonNode one : ThinGoldens.json("bodies")) {
      ModelSpec spec = spec(one);
      String name = one.required("case").stringValue();
      for (InputStream in :
          new InputStream[] {new ByteArrayInputStream(body(one)), trickle(body(one))}) {
        var row = new Buffer(spec.vectorBytes());
        VectorSummary found = read(in, spec, row, one.required("partial").booleanValue());
        assertThat(HexFormat.of().formatHex(row.bytes()))
            .as(name)
            .isEqualTo(one.required("row").stringValue());
        assertThat(found.digest()).as(name).isEqualTo(one.required("digest").stringValue());
        assertThat(found.transfer())
            .as(name)
            .isEqualTo(
                new Transfer(
                    one.required("encoding").stringValue(),
                    one.required("left_out").intValue(),
                    null));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"int8", "eden-1", "eden-2", "eden-3", "eden-4", "top-k"})
  void wholeBlocks_decodeToTheBit(String encoding) throws IOException {
    JsonNode large = ThinGoldens.json("large");
    ModelSpec spec = spec(large);
    JsonNode expected = large.required("files").required(encoding);
    var row = new Buffer(spec.vectorBytes());
    byte[] body = ThinGoldens.file("large-" + encoding + ".safetensors");
    VectorSummary found = read(new ByteArrayInputStream(body), spec, row, false);
    assertThat(found.digest()).isEqualTo(expected.required("digest").stringValue());
    double norm = expected.required("norm").doubleValue();
    assertThat(found.norm()).isCloseTo(norm, within(1e-12 * norm)); // summed in another order
    assertThat(found.transfer().encoding()).isEqualTo(encoding);
    expected
        .required("sample")
        .properties()
        .forEach(one -> {
          int at = 4 * Integer.parseInt(one.getKey());
          assertThat(HexFormat.of().formatHex(Arrays.copyOfRange(row.bytes(), at, at + 4)))
              .as("value %s", one.getKey())
              .isEqualTo(one.getValue().stringValue());
        });
    if (!encoding.matches("eden-[24]|top-k")) {
      byte[] file = ThinGoldens.file("large-%s.decoded.safetensors".formatted(encoding));
      assertThat(file).endsWith(row.bytes());
    }
  }

  @Test
  void faults_areRefused_asTheTableSays() {
    JsonNode refused = ThinGoldens.json("refused");
    ModelSpec spec = spec(refused);
    for (JsonNode one : refused.required("cases")) {
      String name = one.required("case").stringValue();
      Refusal refusal =
          catchThrowableOfType(
                  RefusedException.class,
                  () ->
                      read(
                          new ByteArrayInputStream(body(one)),
                          spec,
                          new Buffer(spec.vectorBytes()),
                          false))
              .refusal();
      assertThat(refusal.problem().status()).as(name).isEqualTo(one.required("status").intValue());
      assertThat(refusal.problem().code()).as(name).isEqualTo(one.required("code").stringValue());
      for (String member : new String[] {"tensor", "index", "entry", "expected", "actual"}) {
        if (one.has(member)) {
          assertThat(String.valueOf(refusal.members().get(member)))
              .as("%s: %s", name, member)
              .isEqualTo(one.get(member).asString());
        }
      }
    }
  }

  @Test
  void weights_areNotEncoded() throws IOException {
    ModelSpec spec = spec(ThinGoldens.json("large"));
    try (var intake =
        new VectorIntake(spec.layout(), spec.dtype(), new Buffer(spec.vectorBytes()))) {
      var in = new ByteArrayInputStream(ThinGoldens.file("large-int8.safetensors"));
      assertThat(
              catchThrowableOfType(RefusedException.class, () -> Safetensors.read(in, intake))
                  .refusal()
                  .problem()
                  .code())
          .isEqualTo("unsupported-format");
    }
  }

  // The parts of EDEN

  private static double[] doubles(String hex, ByteOrder order) {
    ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex)).order(order);
    var values = new double[bytes.remaining() / Double.BYTES];
    bytes.asDoubleBuffer().get(values);
    return values;
  }

  @Test
  void eden_isThatOfTheReferences() {
    JsonNode eden = ThinGoldens.json("eden");
    eden.required("centroids")
        .properties()
        .forEach(bits -> {
          for (int code = 0; code < bits.getValue().size(); code++) {
            assertThat(Centroids.get(Integer.parseInt(bits.getKey()), code))
                .isEqualTo(
                    doubles(bits.getValue().get(code).stringValue(), ByteOrder.BIG_ENDIAN)[0]);
          }
        });
    eden.required("padded")
        .properties()
        .forEach(one ->
            assertThat(EdenBlock.padded(Integer.parseInt(one.getKey())))
                .as(one.getKey())
                .isEqualTo(one.getValue().intValue()));
    for (JsonNode one : eden.required("words")) {
      var signs =
          new RandomSigns(
              Long.parseUnsignedLong(one.required("seed").stringValue()),
              one.required("tensor").intValue());
      for (int i = 0; i < one.required("words").size(); i++) {
        assertThat(signs.word(one.required("first").longValue() + i))
            .isEqualTo(Long.parseUnsignedLong(one.required("words").get(i).stringValue(), 16));
      }
    }
    for (JsonNode one : eden.required("butterflies")) {
      double[] values = doubles(one.required("in").stringValue(), ByteOrder.LITTLE_ENDIAN);
      Hadamard.transform(values, values.length);
      assertThat(values)
          .isEqualTo(doubles(one.required("out").stringValue(), ByteOrder.LITTLE_ENDIAN));
    }
    for (JsonNode one : eden.required("packed")) {
      int bits = one.required("bits").intValue();
      var values = new double[one.required("codes").size()];
      Centroids.read(
          HexFormat.of().parseHex(one.required("bytes").stringValue()),
          bits,
          values,
          values.length);
      for (int i = 0; i < values.length; i++) {
        assertThat(values[i])
            .isEqualTo(Centroids.get(bits, one.required("codes").get(i).intValue()));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 16, 32, 64, 512, 4096, 8192})
  void transform_isThePlainLoop(int length) {
    var plain = new double[length];
    for (int i = 0; i < length; i++) {
      plain[i] = Math.sin(i) * Math.pow(2, i % 40 - 20);
    }
    double[] fast = plain.clone();
    for (int h = 1; h < length; h *= 2) {
      for (int i = 0; i < length; i++) {
        if ((i & h) == 0) {
          double sum = plain[i] + plain[i + h];
          plain[i + h] = plain[i] - plain[i + h];
          plain[i] = sum;
        }
      }
    }
    Hadamard.transform(fast, length);
    assertThat(fast).isEqualTo(plain);
  }
}
