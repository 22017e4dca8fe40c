package io.fedstep.aggregate;

/**
 * Turns the updates of a round into one gradient, over whatever slice of the coordinates it is
 * handed. The result depends on the updates alone.
 */
public sealed interface Aggregator permits Averaging {
  /** The name in declearn's registry. */
  String name();

  /**
   * The rule with the weights of a round.
   *
   * @param weights one for each update, finite and above 0
   */
  Aggregation begin(double[] weights);
}
