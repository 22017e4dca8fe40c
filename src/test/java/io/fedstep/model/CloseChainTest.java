package io.fedstep.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.aggregate.Averaging;
import io.fedstep.aggregate.Distances;
import io.fedstep.aggregate.Krum;
import io.fedstep.aggregate.Rows;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.StepContext;
import io.fedstep.process.BesideOthers;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Range;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the chain of a close gives its steps. */
@BesideOthers
class CloseChainTest {
  private static final int LENGTH = 1001;
  private static final byte[] KEY = {7, 8, 9};
  private static final StepContext.Step FIRST =
      new StepContext.Step(true, List.of(), 1, "0123456789abcdef");

  private static ModelSpec spec(
      Dtype dtype, @Nullable UpdateBound bound, @Nullable Protection protection) {
    return new ModelSpec(
        new TensorLayout(Map.of("w", List.of((long) LENGTH))),
        dtype,
        new Optimizer(1, 0, List.of()),
        new Averaging(false),
        bound,
        protection,
        new RoundPolicy(3, 3, null, null));
  }

  /** Values from some coordinate on. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Cut(double[][] values, int begin) implements Rows {
    @Override
    public int count() {
      return values.length;
    }

    @Override
    public void read(int row, int from, Tile into) {
      for (int i = 0; i < into.length(); i++) {
        double value = value(row, from + i);
        switch (into) {
          case FloatTile tile -> tile.values()[i] = (float) value;
          case DoubleTile tile -> tile.values()[i] = value;
        }
      }
    }

    @Override
    public void gather(int row, int from, int[] indexes, int count, double[] into) {
      Arrays.setAll(into, i -> i < count ? value(row, from + indexes[i]) : into[i]);
    }

    @Override
    public double value(int row, int index) {
      return values[row][begin + index];
    }
  }

  private static double[][] updates(Dtype dtype, int count) {
    var random = new Random(count);
    double[][] updates = new double[count][];
    Arrays.setAll(
        updates,
        _ -> random.doubles(LENGTH).map(it -> dtype == Dtype.FLOAT32 ? (float) it : it).toArray());
    return updates;
  }

  /** The gradient by a chain, so many coordinates at a time. */
  private static double[] gradient(CloseChain chain, Dtype dtype, double[][] updates, int most) {
    ServerStep step = chain.begin(Distances.NONE, most).get();
    double[] gradient = new double[LENGTH];
    for (int from = 0; from < LENGTH; from += most) {
      var range = new Range(from, Math.min(most, LENGTH - from));
      Tile into = Tile.zeros(dtype, range.length());
      Tile weights = Tile.zeros(dtype, range.length());
      double _ = step.aggregate(range, chain.bound(new Cut(updates, from)), weights, into);
      for (int i = 0; i < into.length(); i++) {
        gradient[from + i] = into.get(i);
      }
    }
    return gradient;
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void protection_getsSumsCountsAndKey_atAnyTiling(Dtype dtype) {
    var protection = new HashedNoise(2);
    double[] norms = {1, 5, 2.5, 300};
    double[][] updates = updates(dtype, norms.length);
    var chain =
        new CloseChain(spec(dtype, null, protection), FIRST, new double[] {1, 2, 3, 4}, norms, KEY);
    double[] expected =
        IntStream.range(0, LENGTH)
            .mapToDouble(i -> {
              long sum = HashedNoise.noise(KEY, i);
              for (int row = 0; row < norms.length; row++) {
                double factor = protection.factor(norms[row]) * HashedNoise.GRID.scale();
                sum += (long) Math.rint(updates[row][i] * factor);
              }
              double mean = sum / (HashedNoise.GRID.scale() * norms.length);
              return dtype == Dtype.FLOAT32 ? (float) mean : mean;
            })
            .toArray();
    for (int most : new int[] {1, 7, 256, LENGTH}) {
      assertThat(gradient(chain, dtype, updates, most)).as("by %s", most).isEqualTo(expected);
    }
    assertThat(chain.needsDistances()).isFalse();
  }

  @Test
  void anotherKey_isOtherNoise() {
    ModelSpec spec = spec(Dtype.FLOAT64, null, new HashedNoise(2));
    double[] ones = {1, 1, 1};
    double[][] updates = updates(Dtype.FLOAT64, 3);
    var one = new CloseChain(spec, FIRST, ones, ones, KEY);
    var other = new CloseChain(spec, FIRST, ones, ones, new byte[] {7, 8});
    assertThat(gradient(one, Dtype.FLOAT64, updates, 100))
        .isNotEqualTo(gradient(other, Dtype.FLOAT64, updates, 100));
  }

  @Test
  void noKeyWhereOneIsNeeded_isOurMistake() {
    ModelSpec spec = spec(Dtype.FLOAT32, null, new HashedNoise(2));
    double[] ones = {1, 1, 1};
    assertThatThrownBy(() -> new CloseChain(spec, FIRST, ones, ones, new byte[0]))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("hashed_noise");
  }

  @Test
  void whatAProtectionExcludes_isRefused() {
    var bound = new UpdateBound(1.0, null, UpdateBound.Action.CLIP);
    assertThatThrownBy(() -> spec(Dtype.FLOAT32, bound, new HashedNoise(2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("hashed_noise and update_bound are two");
    assertThat(spec(Dtype.FLOAT32, bound, null).showsNorms()).isTrue();
    assertThat(spec(Dtype.FLOAT32, null, new HashedNoise(2)).showsNorms()).isFalse();
  }

  @Test
  void distances_areNeededByRulesThatCompare() {
    ModelSpec averaging = spec(Dtype.FLOAT32, null, null);
    var krum =
        new ModelSpec(
            averaging.layout(),
            averaging.dtype(),
            averaging.optimizer(),
            new Krum(null),
            null,
            averaging.round());
    double[] ones = {1, 1, 1};
    assertThat(new CloseChain(krum, FIRST, ones, ones, new byte[0]).needsDistances()).isTrue();
    assertThat(new CloseChain(averaging, FIRST, ones, ones, new byte[0]).needsDistances())
        .isFalse();
  }
}
