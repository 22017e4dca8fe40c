package io.fedstep.optim;

import io.fedstep.plugin.Plugin;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * An optimizer module: a record of hyper-parameters that turns a gradient and its own state into a
 * step, over whatever slice of the coordinates it is handed. Arithmetic is done in the model's
 * dtype, rounded after every operation, in declearn's order.
 */
public interface OptiModule extends Plugin<OptiModule> {
  /** Its state, in the order in which declearn writes it. */
  List<StateEntry> state();

  /**
   * Runs the module in place.
   *
   * @param gradient a slice of the gradient in, the same slice of the step out
   * @param state the same slice of each state vector, in the order of {@link #state()}; zeros
   *     before the first step, and what is to be kept afterwards
   * @param context the step, the module's place in it, and the coordinates
   */
  void run(Tile gradient, List<Tile> state, StepContext context);

  /** The number of its state vectors. */
  default int vectors() {
    return (int) StateEntry.vectors(state()).count();
  }
}
