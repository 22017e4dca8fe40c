package io.fedstep.model;

import static java.util.Objects.requireNonNull;

import io.fedstep.aggregate.Rows;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.ScaffoldServer;
import io.fedstep.optim.StepContext;
import io.fedstep.optim.TensorNorms;
import io.fedstep.vector.Range;
import io.fedstep.vector.Stretch;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a close ({@link CloseStep}) on one range of coordinates after another; with buffers,
 * for one thread.
 */
public final class ServerStep {
  /** The gradient of one range of coordinates after another; with buffers, for one thread. */
  @FunctionalInterface
  public interface Gradients {
    /** Fills a tile with the gradient of a range from the rows there. */
    void of(Range range, Rows rows, Tile into);
  }

  private final Gradients gradients;
  private final Optimizer optimizer;
  private final StepContext.Step context;
  private final TensorLayout layout;
  private final PlainParts plain;
  private final Tile step;
  private final @Nullable ControlSum controls;
  private final int scaffold;

  ServerStep(
      ModelSpec spec,
      Gradients gradients,
      StepContext.Step context,
      @Nullable ControlSum controls,
      int most) {
    this.gradients = gradients;
    this.controls = controls;
    scaffold = spec.optimizer().modules().indexOf(ScaffoldServer.DEFAULT);
    this.context = context;
    optimizer = spec.optimizer();
    layout = spec.layout();
    plain = new PlainParts(spec.dtype(), most);
    step = Tile.zeros(spec.dtype(), most);
  }

  /**
   * Aggregates one range and adds what the regularizers give, which plain tensors do without.
   *
   * @param rows the updates there
   * @param weights the model's weights there
   * @param gradient out
   * @return the sum of the squares of the aggregated gradient, once it is protected
   */
  public double aggregate(Range range, Rows rows, Tile weights, Tile gradient) {
    gradients.of(range, rows, gradient);
    double squares = gradient.squares();
    plain.keep(layout.stretches(range), gradient, () -> optimizer.regularize(gradient, weights));
    return squares;
  }

  /** Whether the sum of controls changes in a pass; the updates are looked at there. */
  public boolean addsControls(Optimizer.Pass pass) {
    return controls != null && pass.from() <= scaffold && scaffold < pass.end();
  }

  /**
   * Adds to the sum of controls what the updates change of it in one range.
   *
   * @param rows the updates there
   * @param state every module's state there, of which the sum is changed
   */
  public void addControls(Rows rows, List<List<Tile>> state) {
    requireNonNull(controls).add(rows, state.get(scaffold).getFirst());
  }

  /**
   * Runs a pass's modules on one range, but for plain tensors, of which there is no state.
   *
   * @param norms of the gradient that the pass begins with
   * @param state every module's state there, in and out
   * @param gradient in and out
   * @return whether gradient and state are finite
   */
  public boolean precondition(
      Optimizer.Pass pass, TensorNorms norms, Range range, List<List<Tile>> state, Tile gradient) {
    List<Stretch> stretches = layout.stretches(range);
    plain.keep(
        stretches,
        gradient,
        () -> optimizer.precondition(pass, gradient, state, context, range, norms));
    List<Tile> vectors =
        state.subList(pass.from(), pass.end()).stream().flatMap(List::stream).toList();
    stretches.stream()
        .filter(Stretch::isPlain)
        .forEach(part -> vectors.forEach(tile -> tile.clear(part.at(), part.end())));
    return gradient.firstNotFinite() < 0
        && vectors.stream().allMatch(tile -> tile.firstNotFinite() < 0);
  }

  /**
   * Moves one range of the weights, plain tensors by the gradient as it is.
   *
   * @param gradient what the last module gave
   * @param weights in and out
   * @return the sum of the squares of what was subtracted; NaN where the weights are not finite
   */
  public double apply(Range range, Tile gradient, Tile weights) {
    for (Stretch part : layout.stretches(range)) {
      Optimizer by = part.isPlain() ? Optimizer.PLAIN : optimizer;
      by.apply(gradient, weights, context.round(), step, part.at(), part.end());
    }
    return weights.firstNotFinite() < 0 ? step.first(gradient.length()).squares() : Double.NaN;
  }
}
