package io.fedstep.close;

import static java.util.Arrays.stream;
import static java.util.Objects.requireNonNull;

import io.fedstep.aggregate.Distances;
import io.fedstep.aggregate.Rows;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.model.CloseChain;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.Secrets;
import io.fedstep.model.ServerStep;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.StepContext;
import io.fedstep.optim.TensorNorms;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.Decision;
import io.fedstep.round.Masked;
import io.fedstep.round.WordSums;
import io.fedstep.store.StateFile;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.store.UpdateReader;
import io.fedstep.store.VectorFile;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.vector.Range;
import io.fedstep.vector.Shard;
import io.fedstep.vector.Squares;
import io.fedstep.vector.Tile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Computes the version after a closed round into a draft, tile by tile, by as many threads as there
 * are cores, on one machine or shard by shard on several. A tile's result does not depend on who
 * computes it, nor when.
 */
public final class RoundClose {
  /**
   * The result of a whole close, beside the values in its draft.
   *
   * @param finite if not, the draft is not to be used
   * @param gradientNorm L2 norm of the aggregated gradient
   * @param stepNorm L2 norm of what was subtracted from the weights
   * @param plausible whether its sums can be those of honest clients
   * @param masked what they told, where updates are masked and they can
   */
  public record Result(
      boolean finite,
      double gradientNorm,
      double stepNorm,
      boolean plausible,
      @Nullable Masked masked) {
    /** The result of updates in the clear. */
    public Result(boolean finite, double gradientNorm, double stepNorm) {
      this(finite, gradientNorm, stepNorm, true, null);
    }

    /** The same of masked updates. */
    public Result of(WordSums sums) {
      Masked told = sums.told();
      return new Result(finite, gradientNorm, stepNorm, told != null, told);
    }
  }

  private final ModelSpec spec;
  private final Supplier<ServerStep> steps;
  private final IntFunction<Rows> rows;
  private final @Nullable VectorFile weightsBefore;
  private final StateFile stateBefore;
  private final VectorFile weights;
  private final VectorFile gradient;
  private final VectorFile between;
  private final StateFile state;
  private final Shard shard;
  private final int firstTile;
  private final AtomicBoolean finite = new AtomicBoolean(true);
  private final Map<String, List<JoinedCrc32c.Piece>> read = new TreeMap<>();
  private final double[] gradientSquares;
  private final double[] stepSquares;

  private RoundClose(
      ModelSpec spec,
      Supplier<ServerStep> steps,
      IntFunction<Rows> rows,
      @Nullable VectorFile weightsBefore,
      StateFile stateBefore,
      List<String> clients,
      Shard shard,
      VersionDraft draft) {
    this.spec = spec;
    this.steps = steps;
    this.rows = rows;
    this.weightsBefore = weightsBefore;
    this.stateBefore = stateBefore;
    this.shard = shard;
    weights = draft.newWeights();
    gradient = draft.newGradient();
    between = spec.optimizer().passes().size() == 1 ? gradient : draft.between(gradient);
    state = draft.newState(stateBefore.tally().next(spec.optimizer().modules(), clients));
    if (shard.count() > 1) {
      state.beginAgain(); // what is around the values counts once, with who seals the draft
    }
    firstTile = shard.firstTile(spec.parameters());
    int tiles = shard.endTile(spec.parameters()) - firstTile;
    gradientSquares = new double[tiles];
    stepSquares = new double[tiles];
  }

  /**
   * Computes a shard of the version after {@code before}.
   *
   * @param secrets from which noise follows
   * @param inOrder the round's updates in client-id order, each with its row and, if there are
   *     several shards, the digest of what is in that
   * @param matrix the rows, of that shard
   * @param sums of rows of words, in place of the spec's aggregator; or null
   */
  public static ShardResult run(
      ModelSpec spec,
      Secrets secrets,
      Version before,
      List<Decision.Accepted> inOrder,
      UpdateMatrix matrix,
      @Nullable WordSums sums,
      Shard shard,
      VersionDraft draft,
      Gather gather,
      ExecutorService helpers,
      int threads) {
    double[] updateWeights =
        inOrder.stream()
            .mapToDouble(update -> spec.effectiveWeight(update.weight(), update.staleness()))
            .toArray();
    UpdateReader updates = matrix.read(inOrder);
    var passes = new PassThreads(helpers, threads);
    try (VectorFile weightsBefore = before.weights();
        StateFile stateBefore = before.state()) {
      if (shard.index() > 0) {
        var _ = stateBefore.drainRead(); // what is around the values counts once
      }
      var context =
          new StepContext.Step(
              stateBefore.isInitial(),
              stateBefore.tally().steps(),
              before.info().version() + 1,
              secrets.ofModel());
      if (sums != null) {
        sums.begin(updates.rests());
        var steps = CloseChain.begin(spec, context, sums::gradients, most(spec));
        IntFunction<Rows> words = updates::rows;
        var close =
            new RoundClose(spec, steps, words, weightsBefore, stateBefore, List.of(), shard, draft);
        return close.run(updates, gather, passes, draft);
      }
      double[] norms = inOrder.stream().mapToDouble(update -> update.summary().norm()).toArray();
      ControlRounds controls = before.controls();
      var chain =
          new CloseChain(
              spec,
              context,
              updateWeights,
              norms,
              secrets.ofClose(),
              controls(spec, controls, inOrder));
      IntFunction<Rows> rows = tile -> chain.bound(updates.rows(tile));
      Distances distances =
          chain.needsDistances()
              ? DistancePass.run(spec, updateWeights.length, shard, rows, gather, passes)
              : Distances.NONE;
      var steps = chain.begin(distances, most(spec));
      List<String> clients =
          spec.hasControls() ? controls.after(context.round(), inOrder).clients() : List.of();
      var close =
          new RoundClose(spec, steps, rows, weightsBefore, stateBefore, clients, shard, draft);
      return close.run(updates, gather, passes, draft);
    }
  }

  /** What changes the sum of controls; null where there is none, or where it begins anew. */
  private static CloseChain.@Nullable Controls controls(
      ModelSpec spec, ControlRounds before, List<Decision.Accepted> updates) {
    return !spec.hasControls() || before.beginAnew(updates)
        ? null
        : new CloseChain.Controls(
            updates.stream().mapToDouble(one -> requireNonNull(one.local()).rate()).toArray(),
            before.size());
  }

  private ShardResult run(
      UpdateReader updates, Gather gather, PassThreads threads, VersionDraft draft) {
    for (Optimizer.Pass pass : spec.optimizer().passes()) {
      run(pass, gather, threads);
    }
    updates.verify();
    read.put(Version.STATE, stateBefore.drainRead());
    return new ShardResult(finite.get(), gradientSquares, stepSquares, draft.written(), read);
  }

  /**
   * The results of all shards, in their order, joined once the checksums of what they read are
   * right.
   */
  public static Result joined(Version before, List<ShardResult> parts) {
    var read = new TreeMap<String, List<JoinedCrc32c.Piece>>();
    for (ShardResult part : parts) {
      part.read()
          .forEach(
              (file, pieces) -> read.computeIfAbsent(file, _ -> new ArrayList<>()).addAll(pieces));
    }
    before.check(read);
    return new Result(
        parts.stream().allMatch(ShardResult::finite),
        norm(parts, ShardResult::gradientSquares),
        norm(parts, ShardResult::stepSquares));
  }

  private static double norm(List<ShardResult> parts, Function<ShardResult, double[]> squares) {
    return Squares.norm(parts.stream().flatMapToDouble(part -> stream(squares.apply(part))));
  }

  /** Takes up a draft that shards have written, to be sealed. */
  public static void resume(
      ModelSpec spec, Version before, List<ShardResult> parts, VersionDraft draft) {
    try (StateFile stateBefore = before.state()) {
      draft.newWeights();
      draft.newGradient();
      StateFile state =
          draft.newState(stateBefore.tally().next(spec.optimizer().modules(), List.of()));
      if (parts.size() == 1) {
        state.beginAgain(); // the one shard has counted what is around the values
      }
      parts.forEach(part -> draft.add(part.written()));
    }
  }

  /** Between passes the gradient is in the file in which the last one leaves it. */
  private void run(Optimizer.Pass pass, Gather gather, PassThreads threads) {
    TensorNorms norms =
        pass.begins()
            ? TensorNorms.none(spec.layout())
            : NormPass.run(spec, shard, between, gather, threads);
    List<JoinedCrc32c.Piece> last = between.written().pieces();
    between.beginAgain();
    gradient.beginAgain();
    threads.run(gradientSquares.length, () -> new Worker(pass, norms));
    if (!pass.begins()) {
      between.check(last, between.drainRead());
    }
    if (weightsBefore != null && (pass.begins() || pass.ends())) {
      List<JoinedCrc32c.Piece> now = weightsBefore.drainRead();
      List<JoinedCrc32c.Piece> earlier = read.putIfAbsent(Version.WEIGHTS, now);
      weightsBefore.check(earlier == null ? now : earlier, now);
    }
  }

  /** Coordinates at a time. */
  private static int most(ModelSpec spec) {
    return (int) Math.min(Range.TILE, spec.parameters());
  }

  /** One of the threads of a pass, with its buffers. */
  private final class Worker implements IntConsumer {
    private final Optimizer.Pass pass;
    private final TensorNorms norms;
    private final int most = most(spec);
    private final ServerStep step = steps.get();
    private final Tile gradientTile = Tile.zeros(spec.dtype(), most);
    private final Tile weightsTile = Tile.zeros(spec.dtype(), most);
    private final List<List<Tile>> stateTiles = spec.optimizer().zeros(spec.dtype(), most);
    private final ByteBuffer buffer = VectorFile.buffer(spec);
    private final StateFile.Slices slicesBefore = stateBefore.slices();
    private final StateFile.Slices slices = state.slices();

    Worker(Optimizer.Pass pass, TensorNorms norms) {
      this.pass = pass;
      this.norms = norms;
    }

    @Override
    public void accept(int index) {
      Range range = Range.tile(firstTile + index, spec.parameters());
      run(index, range, gradientTile.first(range.length()), weightsTile.first(range.length()));
    }

    private void run(int index, Range range, Tile gradientPart, Tile weightsPart) {
      if (weightsBefore != null && (pass.begins() || pass.ends())) {
        weightsBefore.read(range.from(), weightsPart, buffer);
      } else {
        weightsPart.clear();
      }
      boolean addsControls = step.addsControls(pass);
      Rows updates = pass.begins() || addsControls ? rows.apply(firstTile + index) : null;
      if (pass.begins()) {
        gradientSquares[index] =
            step.aggregate(range, requireNonNull(updates), weightsPart, gradientPart);
      } else {
        between.read(range.from(), gradientPart, buffer);
      }
      List<List<Tile>> stateParts = first(range.length());
      slicesBefore.read(range, pass, stateParts);
      if (addsControls) {
        step.addControls(requireNonNull(updates), stateParts);
      }
      if (!step.precondition(pass, norms, range, stateParts, gradientPart)) {
        finite.set(false);
      }
      if (pass.ends()) {
        stepSquares[index] = step.apply(range, gradientPart, weightsPart);
        if (Double.isNaN(stepSquares[index])) {
          finite.set(false);
        }
        weights.write(range.from(), weightsPart, buffer);
      }
      (pass.ends() ? gradient : between).write(range.from(), gradientPart, buffer);
      slices.write(range, pass, stateParts);
    }

    private List<List<Tile>> first(int length) {
      return stateTiles.stream()
          .map(tiles -> tiles.stream().map(tile -> tile.first(length)).toList())
          .toList();
    }
  }
}
