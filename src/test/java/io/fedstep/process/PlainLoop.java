package io.fedstep.process;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.stream.DoubleStream;

/** Averaging, RMSProp and the step as a loop over all values: what the server has to equal. */
final class PlainLoop {
  static final double LRATE = 0.05;
  static final double W_DECAY = 0.01;
  static final double BETA = 0.9;
  static final double EPS = 1e-7;

  private final Numbers numbers;
  private final boolean coarse;
  private final double[] weights;
  private final double[] state;

  /** A model of zeros; {@code coarse} updates are those of {@link ClientUpdate#coarse}. */
  PlainLoop(Numbers numbers, int size, boolean coarse) {
    this.numbers = numbers;
    this.coarse = coarse;
    weights = new double[size];
    state = new double[size];
  }

  byte[] weights() {
    return numbers.bytes(weights);
  }

  byte[] state() {
    return numbers.bytes(state);
  }

  void advance(List<ClientUpdate> updates) {
    for (int i = 0; i < weights.length; i++) {
      double g = coarse ? coarseMean(updates, i) : mean(updates, i);
      double s = add(multiply(BETA, state[i]), multiply(1 - BETA, multiply(g, g)));
      double step = numbers.round(g / add(Math.sqrt(s), EPS));
      state[i] = s;
      weights[i] = add(weights[i], -add(multiply(LRATE, step), multiply(W_DECAY, weights[i])));
    }
  }

  private double add(double a, double b) {
    return numbers.round(numbers.round(a) + numbers.round(b));
  }

  private double multiply(double a, double b) {
    return numbers.round(numbers.round(a) * numbers.round(b));
  }

  /** Sums are exact, and of two integers below 2^24 the quotient may be rounded twice. */
  private double coarseMean(List<ClientUpdate> updates, int i) {
    double sum = 0;
    double total = 0;
    for (ClientUpdate update : updates) {
      sum += update.weight() * update.gradient()[i];
      total += update.weight();
    }
    return numbers.round(sum / total);
  }

  private double mean(List<ClientUpdate> updates, int i) {
    BigDecimal sum = BigDecimal.ZERO;
    BigDecimal total = BigDecimal.ZERO;
    for (ClientUpdate update : updates) {
      var weight = new BigDecimal(update.weight());
      total = total.add(weight);
      sum = sum.add(weight.multiply(new BigDecimal(update.gradient()[i])));
    }
    if (sum.signum() == 0) {
      boolean negative = updates.stream().allMatch(one -> 1 / one.gradient()[i] == -1.0 / 0);
      return negative ? -0.0 : 0.0;
    }
    return nearest(sum, total);
  }

  /** The number that is nearest to {@code sum / total}, ties to even. */
  private double nearest(BigDecimal sum, BigDecimal total) {
    double near = numbers.round(sum.divide(total, MathContext.DECIMAL128).doubleValue());
    boolean single = numbers == Numbers.FLOAT32;
    double below = single ? Math.nextDown((float) near) : Math.nextDown(near);
    double above = single ? Math.nextUp((float) near) : Math.nextUp(near);
    return DoubleStream.of(near, below, above)
        .boxed()
        .min((a, b) -> {
          int closer = distance(a, sum, total).compareTo(distance(b, sum, total));
          return closer != 0 ? closer : Long.compare(lastBit(a), lastBit(b));
        })
        .orElseThrow();
  }

  private static BigDecimal distance(double candidate, BigDecimal sum, BigDecimal total) {
    return new BigDecimal(candidate).multiply(total).subtract(sum).abs();
  }

  private long lastBit(double value) {
    return 1
        & (numbers == Numbers.FLOAT32
            ? Float.floatToRawIntBits((float) value)
            : Double.doubleToRawLongBits(value));
  }
}
