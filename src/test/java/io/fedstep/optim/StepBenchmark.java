package io.fedstep.optim;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A step over one tile, which stays in the cache. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // by JMH
public class StepBenchmark {
  @Param({"FLOAT32", "FLOAT64"})
  public Dtype dtype;

  private Tile gradient;
  private Tile state;
  private Tile mean;
  private Tile weights;
  private Tile step;

  /** Begins with a gradient of ones. */
  @Setup
  public void begin() {
    gradient = ones();
    state = Tile.zeros(dtype, Range.TILE);
    mean = Tile.zeros(dtype, Range.TILE);
    weights = Tile.zeros(dtype, Range.TILE);
    step = Tile.zeros(dtype, Range.TILE);
  }

  private Tile ones() {
    return switch (Tile.zeros(dtype, Range.TILE)) {
      case FloatTile tile -> {
        Arrays.fill(tile.values(), 1);
        yield tile;
      }
      case DoubleTile tile -> {
        Arrays.fill(tile.values(), 1);
        yield tile;
      }
    };
  }

  /** The module. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public Tile rmsProp() {
    RmsProp.DEFAULT.run(gradient, List.of(state), StepContexts.at(0, Range.TILE));
    return gradient;
  }

  /** A module of several loops. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public Tile yogi() {
    KnownModules.ALL.stream()
        .filter(module -> module.name().equals("yogi"))
        .forEach(
            module -> module.run(gradient, List.of(mean, state), StepContexts.at(0, Range.TILE)));
    return gradient;
  }

  /** The move of the weights. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public Tile apply() {
    Optimizer.DEFAULT.apply(gradient, weights, 0, step);
    return step;
  }
}
