package io.fedstep.optim;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.PairwiseSum;
import io.fedstep.vector.Range;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** An optimizer with its state, step after step, each in slices of a length. */
final class SlicedSteps {
  private final Optimizer optimizer;
  private final TensorLayout layout;
  private final List<List<Tile>> state;
  private long steps;

  SlicedSteps(Optimizer optimizer, TensorLayout layout, Dtype dtype) {
    this.optimizer = optimizer;
    this.layout = layout;
    state = optimizer.zeros(dtype, (int) layout.size());
  }

  Optimizer optimizer() {
    return optimizer;
  }

  /** The state's vectors, for each module. */
  List<List<Tile>> state() {
    return state;
  }

  /** Turns the gradient into the modules' step, and applies it to the weights. */
  void step(Tile gradient, Tile weights, int slice) {
    var context =
        new StepContext.Step(
            steps == 0,
            Collections.nCopies(optimizer.modules().size(), steps),
            steps + 1,
            StepContexts.SECRET);
    for (Optimizer.Pass pass : optimizer.passes()) {
      TensorNorms norms = norms(gradient);
      for (int from = 0; from < gradient.length(); from += slice) {
        var range = new Range(from, Math.min(slice, gradient.length() - from));
        Tile part = cut(gradient, range);
        Tile weightsPart = cut(weights, range);
        List<List<Tile>> stateParts =
            state.stream()
                .map(tiles -> tiles.stream().map(tile -> cut(tile, range)).toList())
                .toList();
        if (pass.begins()) {
          optimizer.regularize(part, weightsPart);
        }
        optimizer.precondition(pass, part, stateParts, context, range, norms);
        if (pass.ends()) {
          optimizer.apply(part, weightsPart, steps, Tile.zeros(part.dtype(), part.length()));
        }
        gradient.put(from, part);
        weights.put(from, weightsPart);
        for (int i = 0; i < state.size(); i++) {
          for (int j = 0; j < state.get(i).size(); j++) {
            state.get(i).get(j).put(from, stateParts.get(i).get(j));
          }
        }
      }
    }
    steps++;
  }

  private TensorNorms norms(Tile gradient) {
    return new TensorNorms(
        layout,
        layout.tensors().stream()
            .map(tensor -> new Range(tensor.offset(), (int) tensor.size()))
            .map(range -> PairwiseSum.squares(cut(gradient, range)))
            .toList());
  }

  private static Tile cut(Tile whole, Range range) {
    int from = (int) range.from();
    int end = from + range.length();
    return switch (whole) {
      case FloatTile tile ->
          new FloatTile(Arrays.copyOfRange(tile.values(), from, end), range.length());
      case DoubleTile tile ->
          new DoubleTile(Arrays.copyOfRange(tile.values(), from, end), range.length());
    };
  }
}
