package io.fedstep.local;

import io.fedstep.round.ControlRounds;
import io.fedstep.vector.Dtype;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/** The weights and the RMSProp state of a simulated model's version, by a plain loop. */
public final class SimNumbers {
  /** Numbers that are apart; a longer vector has them again and again. */
  static final int SIZE = 5;

  private static final double LRATE = 0.5;
  private static final double W_DECAY = 0.25;
  private static final double BETA = 0.9;
  private static final double EPS = 1e-7;

  private final double[] weights;
  private final double[] state;
  private final boolean stepped;
  private final @Nullable SimControls controls;

  private SimNumbers(
      double[] weights, double[] state, boolean stepped, @Nullable SimControls controls) {
    this.weights = weights;
    this.state = state;
    this.stepped = stepped;
    this.controls = controls;
  }

  static String spec(String round) {
    return spec(SIZE, round, "");
  }

  /**
   * The spec of a model.
   *
   * @param modules before the RMSProp one, which change nothing
   */
  public static String spec(int size, String round, String modules) {
    return """
    {"tensors": {"w": [%s]}, "dtype": "float64", "round": %s,
     "optimizer": {"lrate": %s, "w_decay": %s,
                   "modules": [%s["rmsprop", {"beta": %s, "eps": %s}]]}}\
    """
        .formatted(size, round, LRATE, W_DECAY, modules, BETA, EPS);
  }

  /** The numbers of a vector. */
  static double[] repeated(double[] values, int size) {
    double[] all = new double[size];
    for (int i = 0; i < size; i++) {
      all[i] = values[i % values.length];
    }
    return all;
  }

  /** The first version, of a model with controls or without. */
  static SimNumbers zeros(boolean controlled) {
    return new SimNumbers(
        new double[SIZE], new double[SIZE], false, controlled ? SimControls.none() : null);
  }

  /** The controls, of a model with SCAFFOLD, whose updates have no weights. */
  @Nullable SimControls controls() {
    return controls;
  }

  /** An update whose values are eighths, so that sums of them are exact. */
  public record Update(double weight, List<Double> values) {
    /** One that is drawn. */
    public static Update random(Random random) {
      return new Update(
          1 + random.nextInt(20),
          DoubleStream.generate(() -> (random.nextInt(201) - 100) / 8.0)
              .limit(SIZE)
              .boxed()
              .toList());
    }

    /** Its vector. */
    public double[] array(int size) {
      return repeated(values.stream().mapToDouble(Double::doubleValue).toArray(), size);
    }
  }

  /** The version after this one. */
  SimNumbers step(long round, List<SimControls.Run> runs) {
    SimControls later = controls == null ? null : controls.after(round, runs);
    var next = new SimNumbers(weights.clone(), state.clone(), true, later);
    for (int i = 0; i < SIZE; i++) {
      double sum = 0;
      double total = 0;
      for (SimControls.Run run : runs) {
        double weight = controls == null ? run.update().weight() : 1;
        sum += weight * run.update().values().get(i);
        total += weight;
      }
      double g = sum / total;
      double s = (BETA * state[i]) + ((1 - BETA) * (g * g));
      double step = g / (Math.sqrt(s) + EPS);
      next.state[i] = s;
      next.weights[i] = weights[i] + -((LRATE * step) + (W_DECAY * weights[i]));
    }
    return next;
  }

  /** These weights with the state of another version. */
  SimNumbers withState(SimNumbers other) {
    return new SimNumbers(weights, other.state, other.stepped, other.controls);
  }

  /** The same, whose state was set in the place of a round. */
  SimNumbers set(long round) {
    return controls == null ? this : new SimNumbers(weights, state, stepped, controls.set(round));
  }

  /** Whether a version's weights, state document and controls are these. */
  boolean equal(byte[] foundWeights, String foundState, ControlRounds found, int size) {
    return (controls == null || controls.equal(foundState, found))
        && Arrays.equals(foundWeights, Rig.bytes(Dtype.FLOAT64, repeated(weights, size)))
        && foundState.contains(
            stepped
                ? HexFormat.of().formatHex(Rig.bytes(Dtype.FLOAT64, repeated(state, size)))
                : "0.0");
  }

  @Override
  public String toString() {
    return "%s, state %s, controls %s"
        .formatted(
            Arrays.toString(weights), stepped ? Arrays.toString(state) : "initial", controls);
  }
}
