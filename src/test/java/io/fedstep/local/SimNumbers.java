package io.fedstep.local;

import io.fedstep.vector.Dtype;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** The weights and the RMSProp state of a simulated model's version, by a plain loop. */
final class SimNumbers {
  static final int SIZE = 5;

  private static final double LRATE = 0.5;
  private static final double W_DECAY = 0.25;
  private static final double BETA = 0.9;
  private static final double EPS = 1e-7;

  private final double[] weights;
  private final double[] state;
  private final boolean stepped;

  private SimNumbers(double[] weights, double[] state, boolean stepped) {
    this.weights = weights;
    this.state = state;
    this.stepped = stepped;
  }

  static String spec(String round) {
    return """
    {"tensors": {"w": [%s]}, "dtype": "float64", "round": %s,
     "optimizer": {"lrate": %s, "w_decay": %s,
                   "modules": [["rmsprop", {"beta": %s, "eps": %s}]]}}\
    """
        .formatted(SIZE, round, LRATE, W_DECAY, BETA, EPS);
  }

  static SimNumbers zeros() {
    return new SimNumbers(new double[SIZE], new double[SIZE], false);
  }

  /** An update whose values are eighths, so that sums of them are exact. */
  record Update(double weight, List<Double> values) {
    byte[] bytes() {
      return Rig.bytes(Dtype.FLOAT64, array());
    }

    double[] array() {
      return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
  }

  /** The version after this one. */
  SimNumbers step(List<Update> updates) {
    var next = new SimNumbers(weights.clone(), state.clone(), true);
    for (int i = 0; i < SIZE; i++) {
      double sum = 0;
      double total = 0;
      for (Update update : updates) {
        sum += update.weight() * update.values().get(i);
        total += update.weight();
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
    return new SimNumbers(weights, other.state, other.stepped);
  }

  /** Whether a version's weights and state document are these. */
  boolean equal(byte[] foundWeights, String foundState) {
    return Arrays.equals(foundWeights, Rig.bytes(Dtype.FLOAT64, weights))
        && foundState.contains(
            stepped ? HexFormat.of().formatHex(Rig.bytes(Dtype.FLOAT64, state)) : "0.0");
  }

  @Override
  public String toString() {
    return "%s, state %s"
        .formatted(Arrays.toString(weights), stepped ? Arrays.toString(state) : "initial");
  }
}
