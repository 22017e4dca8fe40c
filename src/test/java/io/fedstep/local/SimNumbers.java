package io.fedstep.local;

import io.fedstep.vector.Dtype;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;

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

  private SimNumbers(double[] weights, double[] state, boolean stepped) {
    this.weights = weights;
    this.state = state;
    this.stepped = stepped;
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

  static SimNumbers zeros() {
    return new SimNumbers(new double[SIZE], new double[SIZE], false);
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
  boolean equal(byte[] foundWeights, String foundState, int size) {
    return Arrays.equals(foundWeights, Rig.bytes(Dtype.FLOAT64, repeated(weights, size)))
        && foundState.contains(
            stepped
                ? HexFormat.of().formatHex(Rig.bytes(Dtype.FLOAT64, repeated(state, size)))
                : "0.0");
  }

  @Override
  public String toString() {
    return "%s, state %s"
        .formatted(Arrays.toString(weights), stepped ? Arrays.toString(state) : "initial");
  }
}
