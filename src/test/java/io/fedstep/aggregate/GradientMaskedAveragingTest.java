package io.fedstep.aggregate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.vector.Dtype;
import io.fedstep.vector.Tile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** As declearn masks, but for its rounding. */
class GradientMaskedAveragingTest {
  private static double[] vector(JsonNode golden, Dtype dtype, JsonNode tensors) {
    String hex =
        golden.path("shapes").propertyNames().stream()
            .map(name -> tensors.path(name).asString())
            .collect(joining());
    byte[] bytes = HexFormat.of().parseHex(hex);
    Tile tile = Tile.zeros(dtype, bytes.length / dtype.bytes());
    tile.read(MemorySegment.ofArray(bytes), 0);
    return IntStream.range(0, tile.length()).mapToDouble(tile::get).toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"default", "t04", "t06_unweighted"})
  void mean_isDeclearns(String name) throws IOException {
    for (Dtype dtype : Dtype.values()) {
      String file = "/golden/agg_gma_%s.f%s.json".formatted(name, dtype.bytes());
      try (InputStream in = GradientMaskedAveragingTest.class.getResourceAsStream(file)) {
        check(new JsonMapper().readTree(new String(in.readAllBytes(), UTF_8)), dtype);
      }
    }
  }

  private static void check(JsonNode golden, Dtype dtype) {
    var rule =
        new GradientMaskedAveraging(
            golden.path("threshold").asDouble(), golden.path("steps_weighted").asBoolean());
    for (JsonNode round : golden.path("rounds").values()) {
      double[][] rows =
          round
              .path("raw")
              .valueStream()
              .map(raw -> vector(golden, dtype, raw))
              .toArray(double[][]::new);
      double[] weights =
          round.path("n_steps").valueStream().mapToDouble(JsonNode::asDouble).toArray();
      double[] expected = vector(golden, dtype, round.path("out"));
      double[] masked = Aggregated.by(rule, dtype, weights, rows);
      for (int i = 0; i < masked.length; i++) {
        double near = dtype == Dtype.FLOAT32 ? 1e-5 : 1e-12;
        assertThat(masked[i])
            .isCloseTo(expected[i], within(near * Math.max(1e-3, Math.abs(expected[i]))));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void mask_isTheDefinition(Dtype dtype) {
    var random = new Random(8);
    for (int count : new int[] {1, 2, 3, 5, 10}) {
      double[][] rows =
          Aggregated.rows(count, 2000, dtype, random, drawn -> 0.25 * drawn.nextInt(-2, 5));
      double[] weights = random.ints(count, 1, 9).asDoubleStream().toArray();
      double[][] signs =
          Arrays.stream(rows)
              .map(row -> Arrays.stream(row).map(Math::signum).toArray())
              .toArray(double[][]::new);
      double[] masked = Aggregated.by(new GradientMaskedAveraging(0.6, true), dtype, weights, rows);
      var mean = new RationalMean(dtype, weights);
      for (int i = 0; i < masked.length; i++) {
        double agreement = Math.abs(mean.of(signs, i));
        double limit = dtype == Dtype.FLOAT32 ? 0.6f : 0.6;
        double product = mean.of(rows, i) * (agreement > limit ? 1 : agreement);
        assertThat(masked[i]).isEqualTo(dtype == Dtype.FLOAT32 ? (float) product : product);
      }
    }
  }

  /** In exact arithmetic three fifths are more than the double 0.6. */
  @ParameterizedTest
  @EnumSource(Dtype.class)
  void agreementAtTheThreshold_isNotAbove(Dtype dtype) {
    double[][] rows = {{5}, {5}, {5}, {5}, {-5}};
    assertThat(Aggregated.by(new GradientMaskedAveraging(0.6, true), dtype, rows)[0])
        .isCloseTo(3 * 0.6, within(1e-6));
    assertThat(Aggregated.by(new GradientMaskedAveraging(0.59, true), dtype, rows)[0]).isEqualTo(3);
  }

  @Test
  void weights_countIfAskedFor() {
    double[][] rows = {{1}, {1}, {-2}};
    double[] weights = {1, 1, 2};
    assertThat(Aggregated.by(new GradientMaskedAveraging(1, false), Dtype.FLOAT64, weights, rows))
        .containsExactly(0);
    double[][] other = {{1}, {1}, {-1}};
    assertThat(Aggregated.by(new GradientMaskedAveraging(1, false), Dtype.FLOAT64, weights, other))
        .containsExactly(1.0 / 3 * (1.0 / 3));
    assertThat(
            Aggregated.by(new GradientMaskedAveraging(1, true), Dtype.FLOAT64, weights, other)[0])
        .isZero();
  }
}
