package io.fedstep.optim;

import io.fedstep.vector.Tile;
import java.util.List;

/**
 * An optimizer module: a record of hyper-parameters that turns a gradient and its own state into a
 * step, over whatever slice of the coordinates it is handed. Arithmetic is done in the model's
 * dtype, rounded after every operation, in declearn's order.
 */
public sealed interface OptiModule permits RmsProp {
  /** The name in declearn's registry. */
  String name();

  /** The keys of its state's vectors, in the order in which declearn writes them. */
  List<String> stateKeys();

  /**
   * Runs the module in place.
   *
   * @param gradient a slice of the gradient in, the same slice of the step out
   * @param state the same slice of each state vector, in the order of {@link #stateKeys()}; zeros
   *     before the first step, and what is to be kept afterwards
   */
  void run(Tile gradient, List<Tile> state);
}
