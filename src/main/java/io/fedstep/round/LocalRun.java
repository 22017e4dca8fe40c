package io.fedstep.round;

/**
 * How an update was computed, in a model with SCAFFOLD.
 *
 * @param rate how far a constant gradient of 1 would have moved the weights
 * @param lostControl whether its client had lost its control, and trained with zeros
 */
public record LocalRun(double rate, boolean lostControl) {
  /** Broken by a corrupt journal alone. */
  public LocalRun {
    if (!(rate > 0)) {
      throw new IllegalArgumentException("a local rate of " + rate);
    }
  }
}
