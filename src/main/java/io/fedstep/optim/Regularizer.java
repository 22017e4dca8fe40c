package io.fedstep.optim;

import io.fedstep.plugin.Plugin;
import io.fedstep.vector.Tile;

/** Adds the gradient of a penalty on the weights to the gradient, before the modules run. */
public interface Regularizer extends Plugin<Regularizer> {
  /**
   * Runs the regularizer in place.
   *
   * @param gradient a slice of the gradient, in and out
   * @param weights the same slice of the weights
   */
  void run(Tile gradient, Tile weights);
}
