package io.fedstep.optim;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.plugin.Rate;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every module in the list. */
class KnownModulesTest {
  private static final int SIZE = 257;
  private static final int STEPS = 4;

  static Stream<OptiModule> modules() {
    return KnownModules.ALL.stream();
  }

  /** Steps, weights and state after some gradients, among them zeros of both signs. */
  private static List<double[]> results(OptiModule module, Dtype dtype, int slice) {
    var shapes = new LinkedHashMap<String, List<Long>>();
    shapes.put("w", List.of(SIZE - 1L));
    shapes.put("b", List.of());
    var optimizer = new Optimizer(new Rate.Fixed(1), new Rate.Fixed(0), List.of(), List.of(module));
    var run = new SlicedSteps(optimizer, new TensorLayout(shapes), dtype);
    var random = new Random(1);
    Tile weights = Tile.zeros(dtype, SIZE);
    var results = new ArrayList<double[]>();
    for (int step = 0; step < STEPS; step++) {
      Tile gradient = gradient(dtype, random);
      run.step(gradient, weights, slice);
      results.add(values(gradient));
      results.add(values(weights));
    }
    run.state().getFirst().forEach(vector -> results.add(values(vector)));
    return results;
  }

  private static Tile gradient(Dtype dtype, Random random) {
    Tile gradient = Tile.zeros(dtype, SIZE);
    for (int i = 0; i < SIZE; i++) {
      double value = i % 7 == 0 ? Math.copySign(0.0, i % 2 - 1) : random.nextGaussian();
      switch (gradient) {
        case FloatTile tile -> tile.values()[i] = (float) value;
        case DoubleTile tile -> tile.values()[i] = value;
      }
    }
    return gradient;
  }

  private static double[] values(Tile tile) {
    return IntStream.range(0, tile.length()).mapToDouble(tile::get).toArray();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void result_showsNoSlices(OptiModule module) {
    for (Dtype dtype : Dtype.values()) {
      List<double[]> whole = results(module, dtype, SIZE);
      assertThat(whole).hasSize(2 * STEPS + module.vectors());
      for (int slice : new int[] {1, 16, 100}) {
        List<double[]> sliced = results(module, dtype, slice);
        assertThat(Arrays.deepEquals(sliced.toArray(), whole.toArray()))
            .as("%s in slices of %s", dtype, slice)
            .isTrue();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("modules")
  void result_isFinite(OptiModule module) {
    for (Dtype dtype : Dtype.values()) {
      assertThat(results(module, dtype, SIZE))
          .allSatisfy(values -> assertThat(Arrays.stream(values)).allMatch(Double::isFinite));
    }
  }
}
