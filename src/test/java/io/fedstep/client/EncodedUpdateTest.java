package io.fedstep.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.codec.Safetensors;
import io.fedstep.codec.SpecCodec;
import io.fedstep.codec.VectorIntake;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.RefusedException;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.VectorSummary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What the client encodes, as a server decodes it. */
@BesideOthers
class EncodedUpdateTest {
  private static final String TENSORS =
      "{\"a\": [3, 1000], \"scalar\": [], \"w\": [20000], \"small\": [7], \"odd\": [65]}";
  private static final int SIZE = 23073;

  private static ModelSpec spec(Download dtype) {
    return SpecCodec.read(
        (ObjectNode)
            JsonMapper.shared()
                .readTree(
                    "{\"tensors\": %s, \"dtype\": \"%s\", \"round\": {}}"
                        .formatted(TENSORS, dtype.label())));
  }

  private static Layout layout(Download dtype) {
    var tensors = new ArrayList<Layout.Tensor>();
    spec(dtype)
        .layout()
        .tensors()
        .forEach(one ->
            tensors.add(
                new Layout.Tensor(
                    one.name(),
                    tensors.size(),
                    one.shape(),
                    (int) one.offset(),
                    (int) one.size(),
                    true)));
    return new Layout(dtype, tensors);
  }

  private static byte[] vector(Download dtype, double... values) {
    byte[] vector = new byte[values.length * dtype.width()];
    ByteBuffer bytes = ByteBuffer.wrap(vector).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      dtype.put(value, bytes);
    }
    return vector;
  }

  private static double[] values(Download dtype, byte[] vector) {
    ByteBuffer bytes = ByteBuffer.wrap(vector).order(ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[vector.length / dtype.width()];
    for (int i = 0; i < values.length; i++) {
      values[i] = dtype.next(bytes);
    }
    return values;
  }

  private static double[] normal(long seed) {
    Random random = new Random(seed);
    return random.doubles(SIZE).map(_ -> (float) random.nextGaussian()).toArray();
  }

  @SuppressWarnings("ArrayRecordComponent") // not compared
  private record Decoded(double[] values, VectorSummary summary) {}

  private static Decoded decoded(Download dtype, Body body, boolean partial) throws IOException {
    ModelSpec spec = spec(dtype);
    byte[] row = new byte[(int) spec.vectorBytes()];
    try (var intake =
        VectorIntake.ofUpdate(
            spec, (at, some) -> some.get(row, (int) at, some.remaining()), partial)) {
      Safetensors.read(new ByteArrayInputStream(body.bytes()), intake);
      return new Decoded(values(dtype, row), intake.finish());
    }
  }

  private static Body encoded(Download dtype, Encoding encoding, long seed, double... values) {
    Layout layout = layout(dtype);
    return new EncodedUpdate(layout, encoding, new SplittableRandom(seed))
        .of(vector(dtype, values), layout.tensors());
  }

  private static double squares(double[] values, int from, int to) {
    return Arrays.stream(values, from, to).map(one -> one * one).sum();
  }

  @ParameterizedTest
  @CsvSource({
    "INT8, 1e-4, 0.3",
    "EDEN_1, 0.571, 0.05",
    "EDEN_2, 0.133, 0.05",
    "EDEN_3, 0.0358, 0.05",
    "EDEN_4, 0.0096, 0.08"
  })
  void normalData_comesBack_withTheErrorOfItsEncoding(Encoding encoding, double error, double by)
      throws IOException {
    for (Download dtype : List.of(Download.FLOAT32, Download.FLOAT64)) {
      double[] values = normal(1);
      Body body = encoded(dtype, encoding, 2, values);
      Decoded found = decoded(dtype, body, false);
      assertThat(found.summary().transfer().encoding()).isEqualTo(encoding.label());
      double[] rest = new double[SIZE];
      for (int i = 0; i < SIZE; i++) {
        rest[i] = found.values()[i] - values[i];
      }
      assertThat(squares(rest, 3001, 23001) / squares(values, 3001, 23001))
          .isCloseTo(error, within(by * error));
      for (int i : new int[] {3000, 23001, 23005, 23007}) { // of tensors that are sent as they are
        assertThat(rest[i]).isZero();
      }
      assertThat(body.bytes().length)
          .isLessThan(encoding == Encoding.INT8 ? 25_000 : 1600 + 3088 * encoding.bits());
    }
  }

  @ParameterizedTest
  @EnumSource(names = "TOP_K", mode = EnumSource.Mode.EXCLUDE)
  void whatTheClientDecodes_isTheServersRow(Encoding encoding) throws IOException {
    for (Download dtype : List.of(Download.FLOAT32, Download.FLOAT64)) {
      double[] values = normal(6);
      Arrays.fill(values, 4000, 12000, -1e-44); // whose codes round to zeros of both signs
      Body body = encoded(dtype, encoding, 7, values);
      assertThat(DecodedUpdate.of(layout(dtype), body))
          .isEqualTo(vector(dtype, decoded(dtype, body, false).values()));
    }
  }

  @Test
  void bodiesThatScaffoldDoesNotTake_areNotDecoded() {
    Layout layout = layout(Download.FLOAT32);
    byte[] vector = vector(Download.FLOAT32, normal(8));
    assertThat(DecodedUpdate.of(layout, new Body(Body.OCTETS, vector))).isEqualTo(vector);
    assertThat(DecodedUpdate.of(layout, Tensors.plain(layout, vector, layout.tensors())))
        .isEqualTo(vector);
    assertThat(DecodedUpdate.of(layout, new Body(Body.OCTETS, new byte[8]))).isNull();
    assertThat(DecodedUpdate.of(layout, Tensors.plain(layout, vector, layout.named(Set.of("w")))))
        .isNull();
    SparseUpdate sparse = SparseUpdate.of(layout, vector, layout.tensors(), null);
    assertThat(DecodedUpdate.of(layout, sparse.body())).isNull();
  }

  @ParameterizedTest
  @EnumSource(names = {"INT8", "EDEN_1", "EDEN_4"})
  void errors_averageOut_overSeeds(Encoding encoding) throws IOException {
    double[] values = normal(3);
    double[] sum = new double[SIZE];
    int times = 60;
    for (int seed = 0; seed < times; seed++) {
      double[] found =
          decoded(Download.FLOAT32, encoded(Download.FLOAT32, encoding, seed, values), false)
              .values();
      for (int i = 0; i < SIZE; i++) {
        sum[i] += found[i] / times;
      }
    }
    double[] rest = new double[SIZE];
    for (int i = 0; i < SIZE; i++) {
      rest[i] = sum[i] - values[i];
    }
    assertThat(squares(rest, 0, SIZE) / squares(values, 0, SIZE)).isLessThan(1.3 * 0.571 / times);
  }

  @ParameterizedTest
  @EnumSource(names = "TOP_K", mode = EnumSource.Mode.EXCLUDE)
  void zeros_stayZeros_andWhatIsNotFinite_isRefused(Encoding encoding) throws IOException {
    double[] zeros = new double[SIZE];
    zeros[5] = -0.0;
    assertThat(decoded(Download.FLOAT32, encoded(Download.FLOAT32, encoding, 1, zeros), false))
        .satisfies(found -> assertThat(found.values()).containsOnly(0.0));
    for (double wrong : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
      double[] values = normal(1);
      values[4000] = wrong;
      Body body = encoded(Download.FLOAT64, encoding, 1, values);
      var refusal =
          catchThrowableOfType(RefusedException.class, () -> decoded(Download.FLOAT64, body, false))
              .refusal();
      assertThat(refusal.problem().code()).isEqualTo("not-finite");
      assertThat(refusal.members()).containsEntry("tensor", "w");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64"})
  void topK_sendsTheLargest_andKeepsTheRest(Download dtype) throws IOException {
    Layout layout = layout(dtype);
    double[] values = normal(4);
    SparseUpdate first = SparseUpdate.of(layout, vector(dtype, values), layout.tensors(), null);
    double[] sent = decoded(dtype, first.body(), false).values();
    assertThat(Arrays.stream(sent).filter(one -> one != 0)).hasSize(231);
    double least = Arrays.stream(sent).filter(one -> one != 0).map(Math::abs).min().orElseThrow();
    for (int i = 0; i < SIZE; i++) {
      assertThat(sent[i] + first.rest()[i]).isEqualTo(values[i]);
      assertThat(sent[i] != 0 || Math.abs(values[i]) <= least).isTrue();
    }
    double[] more = normal(5);
    SparseUpdate second =
        SparseUpdate.of(layout, vector(dtype, more), layout.tensors(), first.rest());
    double[] next = decoded(dtype, second.body(), false).values();
    for (int i = 0; i < SIZE; i++) {
      assertThat(next[i] + second.rest()[i]).isEqualTo(first.rest()[i] + more[i]);
    }
  }

  @Test
  void topK_ofEqualValues_sendsTheHundredth() throws IOException {
    Layout layout = layout(Download.FLOAT32);
    double[] ones = new double[SIZE];
    Arrays.fill(ones, -1);
    byte[] vector = vector(Download.FLOAT32, ones);
    SparseUpdate update = SparseUpdate.of(layout, vector, layout.tensors(), null);
    double[] sent = decoded(Download.FLOAT32, update.body(), false).values();
    assertThat(Arrays.stream(sent).filter(one -> one == -1)).hasSize(231);
    SparseUpdate one =
        SparseUpdate.of(layout, vector, layout.named(Set.of("scalar", "small")), update.rest());
    sent = decoded(Download.FLOAT32, one.body(), true).values();
    assertThat(Arrays.stream(sent).filter(value -> value != 0)).hasSize(1);
    assertThat(one.rest()[9]).isEqualTo(update.rest()[9]); // of a tensor that was not sent
  }

  @Test
  void tensorsThatAreLeftOut_areNotSent() throws IOException {
    Layout layout = layout(Download.FLOAT32);
    double[] values = normal(6);
    byte[] vector = vector(Download.FLOAT32, values);
    List<Layout.Tensor> some = layout.named(Set.of("odd", "a", "scalar"));
    for (Body body :
        List.of(
            Tensors.plain(layout, vector, some),
            new EncodedUpdate(layout, Encoding.EDEN_4, new SplittableRandom(1)).of(vector, some))) {
      Decoded found = decoded(Download.FLOAT32, body, true);
      assertThat(found.summary().transfer().leftOut()).isEqualTo(2);
      assertThat(Arrays.copyOfRange(found.values(), 3001, 23008)).containsOnly(0.0);
      assertThat(found.values()[3000]).isEqualTo(values[3000]);
    }
    assertThatThrownBy(() -> layout.named(Set.of("none")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("none");
  }
}
