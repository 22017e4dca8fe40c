package io.fedstep.coordinator;

import io.fedstep.model.ModelSpec;
import io.fedstep.optim.TensorNorms;
import io.fedstep.store.VectorFile;
import io.fedstep.vector.PairwiseSum;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.Tile;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;

/**
 * One pass over a gradient between two of the optimizer's, for its tensors' norms. The leaves of
 * the sums lie where NumPy cuts, whoever sums them.
 */
final class NormPass {
  private NormPass() {}

  static TensorNorms run(
      ModelSpec spec, VectorFile gradient, ExecutorService helpers, int threads) {
    var leaves = new ArrayList<Range>();
    var firsts = new ArrayList<Integer>();
    for (Tensor tensor : spec.layout().tensors()) {
      firsts.add(leaves.size());
      leaves.addAll(PairwiseSum.leaves(tensor.offset(), tensor.size()));
    }
    double[] sums = new double[leaves.size()];
    Parts.run(
        helpers,
        threads,
        sums.length,
        () -> {
          Tile tile = Tile.zeros(spec.dtype(), (int) Math.min(Range.TILE, spec.parameters()));
          return leaf -> {
            Tile part = tile.first(leaves.get(leaf).length());
            gradient.read(leaves.get(leaf).from(), part);
            sums[leaf] = PairwiseSum.squares(part);
          };
        });
    var squares = new ArrayList<Double>();
    List<Tensor> tensors = spec.layout().tensors();
    for (int i = 0; i < tensors.size(); i++) {
      squares.add(PairwiseSum.join(spec.dtype(), tensors.get(i).size(), sums, firsts.get(i)));
    }
    return new TensorNorms(spec.layout(), squares);
  }
}
