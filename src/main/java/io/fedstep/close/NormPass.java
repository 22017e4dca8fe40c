package io.fedstep.close;

import io.fedstep.model.ModelSpec;
import io.fedstep.optim.TensorNorms;
import io.fedstep.store.VectorFile;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.PairwiseSum;
import io.fedstep.vector.Range;
import io.fedstep.vector.Shard;
import io.fedstep.vector.Squares;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.Tile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One pass over a gradient between two of the optimizer's, for its stepped tensors' norms. The
 * leaves of the sums lie where NumPy cuts, whoever sums them.
 */
final class NormPass {
  private NormPass() {}

  /** The norms of a gradient, of which {@code gradient} has the shard's coordinates. */
  static TensorNorms run(
      ModelSpec spec, Shard shard, VectorFile gradient, Gather gather, PassThreads threads) {
    var leaves = new ArrayList<Range>();
    var firsts = new ArrayList<Integer>();
    for (Tensor tensor : spec.layout().tensors()) {
      firsts.add(leaves.size());
      if (!tensor.isPlain()) {
        leaves.addAll(PairwiseSum.leaves(tensor.offset(), tensor.size()));
      }
    }
    if (shard.count() > 1) {
      takeNext(spec, shard, gradient, gather);
    }
    List<Range> own = leaves.stream().filter(leaf -> isIn(shard, leaf, spec)).toList();
    var leavesOf = new Leaves(spec, own, gradient, gather, threads);
    double[] sums = leavesOf.sums(PairwiseSum::squares);
    var squares = new ArrayList<Double>();
    List<Tensor> tensors = spec.layout().tensors();
    for (int i = 0; i < tensors.size(); i++) {
      long size = tensors.get(i).isPlain() ? 0 : tensors.get(i).size();
      squares.add(PairwiseSum.join(spec.dtype(), size, sums, firsts.get(i)));
    }
    if (!squares.stream().allMatch(Double::isFinite)) { // every shard sees the same
      double[] wide = leavesOf.sums(Tile::squares);
      firsts.add(wide.length);
      for (int i = 0; i < tensors.size(); i++) {
        if (Double.isInfinite(squares.get(i))) {
          var ofTensor = Arrays.stream(wide, firsts.get(i), firsts.get(i + 1));
          squares.set(i, -Squares.norm(ofTensor));
        }
      }
    }
    return new TensorNorms(spec.layout(), squares);
  }

  /** The leaves that a shard sums, and what all shards have summed. */
  private record Leaves(
      ModelSpec spec, List<Range> own, VectorFile gradient, Gather gather, PassThreads threads) {
    double[] sums(ToDoubleFunction<Tile> sum) {
      double[] ownSums = new double[own.size()];
      threads.run(
          ownSums.length,
          () -> {
            Tile tile = Tile.zeros(spec.dtype(), (int) Math.min(Range.TILE, spec.parameters()));
            return leaf -> {
              Tile part = tile.first(own.get(leaf).length());
              gradient.read(own.get(leaf).from(), part);
              ownSums[leaf] = sum.applyAsDouble(part);
            };
          });
      return gather.all(ownSums);
    }
  }

  private static boolean isIn(Shard shard, Range leaf, ModelSpec spec) {
    return leaf.from() >= shard.begin(spec.parameters())
        && leaf.from() < shard.end(spec.parameters());
  }

  /** The last leaf of a shard may end within the first tile of the next. */
  private static void takeNext(ModelSpec spec, Shard shard, VectorFile gradient, Gather gather) {
    long parameters = spec.parameters();
    Tile first = Tile.zeros(spec.dtype(), firstLength(shard, parameters));
    gradient.read(shard.begin(parameters), first);
    double[] own = new double[first.length()];
    for (int i = 0; i < own.length; i++) {
      own[i] = first.get(i);
    }
    double[] all = gather.all(own);
    if (shard.index() + 1 < shard.count()) {
      int from = 0;
      for (int i = 0; i <= shard.index(); i++) {
        from += firstLength(new Shard(i, shard.count()), parameters);
      }
      int length = firstLength(new Shard(shard.index() + 1, shard.count()), parameters);
      gradient.lend(shard.end(parameters), tile(spec, all, from, length), VectorFile.buffer(spec));
    }
  }

  private static int firstLength(Shard shard, long parameters) {
    return (int) Math.min(Range.TILE, shard.end(parameters) - shard.begin(parameters));
  }

  private static Tile tile(ModelSpec spec, double[] values, int from, int length) {
    return switch (spec.dtype()) {
      case FLOAT32 -> {
        float[] floats = new float[length];
        for (int i = 0; i < length; i++) {
          floats[i] = (float) values[from + i];
        }
        yield new FloatTile(floats, length);
      }
      case FLOAT64 -> new DoubleTile(Arrays.copyOfRange(values, from, from + length), length);
    };
  }
}
