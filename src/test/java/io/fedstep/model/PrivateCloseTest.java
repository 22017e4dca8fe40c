package io.fedstep.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Averaging;
import io.fedstep.aggregate.Median;
import io.fedstep.aggregate.Rows;
import io.fedstep.optim.GaussianNoise;
import io.fedstep.optim.OptiModule;
import io.fedstep.optim.Optimizer;
import io.fedstep.privacy.AdaptiveClip;
import io.fedstep.privacy.Goldens;
import io.fedstep.privacy.Grid;
import io.fedstep.process.BesideOthers;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Range;
import io.fedstep.vector.Squares;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** A close with noise, to the bit, and what it does not go with. */
@BesideOthers
class PrivateCloseTest {
  /** Below, our norms keep what plain sums of squares lose; it is far below any clip. */
  private static final double SQUARE_VANISHES = 0x1p-450;

  private static ModelSpec spec(
      Dtype dtype, long size, DifferentialPrivacy privacy, Aggregator rule, OptiModule... modules) {
    return new ModelSpec(
        new TensorLayout(Map.of("w", List.of(size))),
        dtype,
        new Optimizer(1, 0, List.of(modules)),
        rule,
        null,
        privacy,
        new RoundPolicy(1, 1000, null, null));
  }

  /** Updates as little-endian bytes, from some coordinate on. */
  private record Bytes(List<byte[]> rows, Dtype dtype, int begin) implements Rows {
    @Override
    public int count() {
      return rows.size();
    }

    @Override
    public void read(int row, int from, Tile into) {
      into.read(MemorySegment.ofArray(rows.get(row)), (long) (begin + from) * dtype.bytes());
    }

    @Override
    public void gather(int row, int from, int[] indexes, int count, double[] into) {
      throw new UnsupportedOperationException();
    }

    @Override
    public double value(int row, int index) {
      throw new UnsupportedOperationException();
    }
  }

  private static double hexDouble(JsonNode json) {
    return Double.longBitsToDouble(HexFormat.fromHexDigitsToLong(json.stringValue()));
  }

  private static byte[] bytes(JsonNode json) {
    return HexFormat.of().parseHex(json.stringValue());
  }

  private static Dtype dtype(JsonNode one) {
    return one.required("dtype").stringValue().equals("float32") ? Dtype.FLOAT32 : Dtype.FLOAT64;
  }

  private static double norm(Dtype dtype, Rows rows, int row, long size) {
    double squares = 0;
    for (int tile = 0; tile < Range.tiles(size); tile++) {
      Range range = Range.tile(tile, size);
      Tile values = Tile.zeros(dtype, range.length());
      rows.read(row, (int) range.from(), values);
      squares = Squares.add(squares, values.squares());
    }
    return Squares.norm(squares);
  }

  static Stream<JsonNode> closes() {
    return Goldens.cases("closes", "cases");
  }

  @ParameterizedTest
  @MethodSource
  void closes(JsonNode one) {
    Dtype dtype = dtype(one);
    double clip = one.required("clip_norm").doubleValue();
    double multiplier = one.required("noise_multiplier").doubleValue();
    List<byte[]> updates =
        one.required("updates").valueStream().map(update -> bytes(update.required("x"))).toList();
    var rows = new Bytes(updates, dtype, 0);
    long[] sums = one.required("S").valueStream().mapToLong(JsonNode::longValue).toArray();
    boolean adapts = one.has("quantile");
    long indicator = adapts ? one.required("h").longValue() : 0;
    var grid = new Grid(multiplier, clip, sums.length, indicator);
    assertThat(grid.scale()).isEqualTo(hexDouble(one.required("G")));
    double[] norms = new double[updates.size()];
    for (int row = 0; row < norms.length; row++) {
      JsonNode update = one.required("updates").get(row);
      norms[row] = norm(dtype, rows, row, sums.length);
      double expected = hexDouble(update.required("norm"));
      if (Double.isInfinite(expected)) {
        assertThat(norms[row]).isGreaterThan(Math.sqrt(Double.MAX_VALUE));
      } else if (expected > SQUARE_VANISHES) {
        assertThat(norms[row]).isEqualTo(expected);
      }
    }
    int divisor = one.required("divisor").intValue();
    var privacy =
        new DifferentialPrivacy(
            clip,
            multiplier,
            null,
            1e-5,
            divisor == norms.length ? null : divisor,
            adapts
                ? new AdaptiveClip(
                    one.required("quantile").doubleValue(), one.required("rate").doubleValue())
                : null,
            null);
    byte[] key = bytes(one.required("key"));
    if (adapts) {
      assertThat(AdaptiveClip.height(divisor)).isEqualTo(indicator);
      double share = AdaptiveClip.share(one.required("indicator").longValue(), divisor);
      Goldens.assertClose(share, one.required("b"), one.required("name"));
      double next = privacy.nextClip(sums.length, norms, key);
      Goldens.assertClose(next, one.required("next_clip_norm"), one.required("name"));
    }
    Protection.OfRound round = privacy.begin(sums.length, norms, key);
    assertSums(one, round, rows, dtype);
    for (int most : new int[] {1, 7, 64, sums.length}) {
      assertThat(mean(round, dtype, updates, sums.length, most))
          .as("by %s", most)
          .isEqualTo(bytes(one.required("mean")));
    }
  }

  private static void assertSums(JsonNode one, Protection.OfRound round, Bytes rows, Dtype dtype) {
    long[] sums = new long[one.required("S").size()];
    for (int row = 0; row < rows.count(); row++) {
      Tile values = Tile.zeros(dtype, sums.length);
      rows.read(row, 0, values);
      long[] own = new long[sums.length];
      round.grid().add(values, round.factors()[row], own);
      JsonNode k = one.required("updates").get(row).required("k");
      assertThat(own).isEqualTo(k.valueStream().mapToLong(JsonNode::longValue).toArray());
      Arrays.setAll(sums, i -> sums[i] + own[i]);
    }
    round.protect(new Range(0, sums.length), sums);
    assertThat(sums)
        .isEqualTo(one.required("S").valueStream().mapToLong(JsonNode::longValue).toArray());
  }

  private static byte[] mean(
      Protection.OfRound round, Dtype dtype, List<byte[]> updates, int size, int most) {
    var sum = new ProtectedSum(round, dtype, most);
    byte[] mean = new byte[size * dtype.bytes()];
    for (int from = 0; from < size; from += most) {
      var range = new Range(from, Math.min(most, size - from));
      Tile into = Tile.zeros(dtype, range.length());
      sum.of(range, new Bytes(updates, dtype, from), into);
      into.write(MemorySegment.ofArray(mean), (long) from * dtype.bytes());
    }
    return mean;
  }

  static Stream<JsonNode> norms() {
    return Goldens.cases("norms", "cases");
  }

  @ParameterizedTest
  @MethodSource
  void norms(JsonNode one) {
    int size = one.required("d").intValue();
    double scale = one.required("scale").doubleValue();
    double[] values =
        IntStream.range(0, size)
            .mapToDouble(j -> ((j * 2654435761L & 0xFFFFFFFFL) / 0x1p32 - 0.5) * scale)
            .toArray();
    Dtype dtype = dtype(one);
    byte[] bytes = new byte[size * dtype.bytes()];
    Tile tile =
        switch (dtype) {
          case FLOAT32 -> {
            float[] floats = new float[size];
            for (int i = 0; i < size; i++) {
              floats[i] = (float) values[i];
            }
            yield new FloatTile(floats, size);
          }
          case FLOAT64 -> new DoubleTile(values, size);
        };
    tile.write(MemorySegment.ofArray(bytes), 0);
    assertThat(norm(dtype, new Bytes(List.of(bytes), dtype, 0), 0, size))
        .isEqualTo(hexDouble(one.required("norm")));
  }

  @Test
  void publishedGradient_hasTheNoiseThatItIsSaidToHave() {
    int size = 40_000;
    var privacy = new DifferentialPrivacy(0.5, 2, null, 1e-5, null);
    byte[] key = new byte[32];
    key[3] = 9;
    double[] values = new double[size];
    Arrays.fill(values, 0.5 / Math.sqrt(size));
    byte[] update = new byte[8 * size];
    new DoubleTile(values, size).write(MemorySegment.ofArray(update), 0);
    List<byte[]> updates = List.of(update, update, update, update);
    Protection.OfRound round = privacy.begin(size, new double[] {0.5, 0.5, 0.5, 0.5}, key);
    Tile mean = Tile.zeros(Dtype.FLOAT64, size);
    mean.read(MemorySegment.ofArray(mean(round, Dtype.FLOAT64, updates, size, size)), 0);
    double deviation = 2 * 0.5 / 4;
    double[] noise = IntStream.range(0, size).mapToDouble(i -> mean.get(i) - values[0]).toArray();
    double average = Arrays.stream(noise).average().orElseThrow();
    assertThat(Math.abs(average)).isLessThan(4 * deviation / Math.sqrt(size));
    double spread = Math.sqrt(Arrays.stream(noise).map(it -> it * it).average().orElseThrow());
    assertThat(Math.abs(spread / deviation - 1)).isLessThan(4 / Math.sqrt(2.0 * size));
  }

  private static void refused(@Nullable String message, Runnable spec) {
    assertThatThrownBy(spec::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void whatItDoesNotGoWith_isRefused_withBothKeys() {
    var privacy = new DifferentialPrivacy(1, 1, 4.0, 1e-5, null);
    refused(
        "privacy goes with the aggregator averaging",
        () -> spec(Dtype.FLOAT32, 3, privacy, new Averaging(true)));
    refused(
        "privacy goes with the aggregator averaging",
        () -> spec(Dtype.FLOAT32, 3, privacy, new Median()));
    refused(
        "gaussian-noise in optimizer.modules",
        () -> spec(Dtype.FLOAT32, 3, privacy, new Averaging(false), GaussianNoise.DEFAULT));
    var loud = new DifferentialPrivacy(1, 0x1p23, null, 1e-5, null);
    refused("noise_multiplier", () -> spec(Dtype.FLOAT32, 5, loud, new Averaging(false)));
    assertThat(spec(Dtype.FLOAT32, 4, loud, new Averaging(false)).parameters()).isEqualTo(4);
  }

  @Test
  void settingsOutOfRange_areRefused() {
    refused("clip_norm", () -> new DifferentialPrivacy(1e-31, 1, null, 1e-5, null));
    refused("clip_norm", () -> new DifferentialPrivacy(Double.NaN, 1, null, 1e-5, null));
    refused("noise_multiplier", () -> new DifferentialPrivacy(1, 0.09, null, 1e-5, null));
    refused("epsilon", () -> new DifferentialPrivacy(1, 1, 0.0, 1e-5, null));
    refused("delta", () -> new DifferentialPrivacy(1, 1, null, 0.1, null));
    refused("expected_updates", () -> new DifferentialPrivacy(1, 1, null, 1e-5, 0));
  }
}
