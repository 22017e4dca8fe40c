package io.fedstep.coordinator;

import io.fedstep.model.ModelSpec;
import io.fedstep.model.ServerStep;
import io.fedstep.round.Decision;
import io.fedstep.store.OpenRound;
import io.fedstep.store.StateFile;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.store.VectorFile;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Computes the version after a closed round into a draft, tile by tile, by as many threads as there
 * are cores. A tile's result does not depend on who computes it, nor when.
 */
final class RoundClose {
  /**
   * What a close found out.
   *
   * @param finite if not, the draft is not to be used
   * @param gradientNorm L2 norm of the aggregated gradient
   * @param stepNorm L2 norm of what was subtracted from the weights
   */
  record Result(boolean finite, double gradientNorm, double stepNorm) {}

  private final ModelSpec spec;
  private final ServerStep step;
  private final double[] updateWeights;
  private final UpdateMatrix.Reader updates;
  private final @Nullable VectorFile weightsBefore;
  private final StateFile stateBefore;
  private final boolean initial;
  private final VectorFile weights;
  private final VectorFile gradient;
  private final StateFile state;
  private final AtomicLong nextTile = new AtomicLong();
  private final AtomicBoolean finite = new AtomicBoolean(true);
  private final double[] gradientSquares;
  private final double[] stepSquares;

  private RoundClose(
      ModelSpec spec,
      double[] updateWeights,
      UpdateMatrix.Reader updates,
      @Nullable VectorFile weightsBefore,
      StateFile stateBefore,
      VectorFile weights,
      VectorFile gradient,
      StateFile state) {
    this.spec = spec;
    this.updateWeights = updateWeights;
    this.updates = updates;
    this.weightsBefore = weightsBefore;
    this.stateBefore = stateBefore;
    this.weights = weights;
    this.gradient = gradient;
    this.state = state;
    step = new ServerStep(spec.aggregator(), spec.optimizer());
    initial = stateBefore.isInitial();
    int tiles = (int) Range.tiles(spec.parameters());
    gradientSquares = new double[tiles];
    stepSquares = new double[tiles];
  }

  /** Computes the version after {@code before} from the round's updates, in client-id order. */
  static Result run(
      ModelSpec spec,
      Version before,
      OpenRound round,
      VersionDraft draft,
      ExecutorService helpers,
      int threads) {
    List<Decision.Accepted> inOrder = round.round().inClientOrder();
    double[] updateWeights = inOrder.stream().mapToDouble(Decision.Accepted::weight).toArray();
    try (UpdateMatrix.Reader updates = round.matrix().read(inOrder);
        VectorFile weightsBefore = before.weights();
        StateFile stateBefore = before.state();
        VectorFile weights = draft.newWeights();
        VectorFile gradient = draft.newGradient();
        StateFile state = draft.newState()) {
      var close =
          new RoundClose(
              spec, updateWeights, updates, weightsBefore, stateBefore, weights, gradient, state);
      close.compute(helpers, threads);
      updates.verify();
      return new Result(
          close.finite.get(),
          Math.sqrt(Arrays.stream(close.gradientSquares).sum()),
          Math.sqrt(Arrays.stream(close.stepSquares).sum()));
    }
  }

  private void compute(ExecutorService helpers, int threads) {
    var others = new ArrayList<Future<?>>();
    for (int i = 1; i < threads; i++) {
      others.add(helpers.submit(this::computeTiles));
    }
    RuntimeException failure = null;
    try {
      computeTiles();
    } catch (RuntimeException | Error e) { // a mapped page that cannot be read throws an Error
      nextTile.set(gradientSquares.length); // the others stop after the tile they are at
      failure = e instanceof RuntimeException cause ? cause : new IllegalStateException(e);
    }
    for (Future<?> other : others) {
      try {
        other.get(); // also after a failure: nobody may read what is about to be unmapped
      } catch (ExecutionException | InterruptedException e) {
        failure =
            e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void computeTiles() {
    int most = (int) Math.min(Range.TILE, spec.parameters());
    Tile gradientTile = Tile.zeros(spec.dtype(), most);
    Tile weightsTile = Tile.zeros(spec.dtype(), most);
    long tiles = gradientSquares.length;
    for (long tile = nextTile.getAndIncrement(); tile < tiles; tile = nextTile.getAndIncrement()) {
      Range range = Range.tile(tile, spec.parameters());
      computeTile(
          tile, range, gradientTile.first(range.length()), weightsTile.first(range.length()));
    }
  }

  private void computeTile(long tile, Range range, Tile gradientTile, Tile weightsTile) {
    if (weightsBefore != null) {
      weightsBefore.read(range.from(), weightsTile);
    } else {
      weightsTile.clear();
    }
    List<List<Tile>> states = stateBefore.read(range, initial);
    ServerStep.Part part =
        step.run(updates.rows(tile), updateWeights, states, weightsTile, gradientTile);
    if (!part.finite()) {
      finite.set(false);
    }
    gradientSquares[(int) tile] = part.gradientSquares();
    stepSquares[(int) tile] = part.stepSquares();
    gradient.write(range.from(), gradientTile);
    weights.write(range.from(), weightsTile);
    state.write(range, states);
  }
}
