package io.fedstep.plugin;

/** A learning rate or weight decay: a number, or a schedule of numbers. */
public interface Rate {
  /** The rate of a round, counted from 0. */
  double at(long round);

  /**
   * The same in every round.
   *
   * @param value the number
   */
  record Fixed(double value) implements Rate {
    @Override
    public double at(long round) {
      return value;
    }
  }
}
