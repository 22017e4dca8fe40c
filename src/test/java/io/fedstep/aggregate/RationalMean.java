package io.fedstep.aggregate;

import io.fedstep.vector.Dtype;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.stream.DoubleStream;

/** The weighted mean by its definition: a fraction, and the number of the dtype nearest to it. */
final class RationalMean {
  private final Dtype dtype;
  private final BigDecimal[] weights;
  private BigDecimal total = BigDecimal.ZERO;

  RationalMean(Dtype dtype, double[] weights) {
    this.dtype = dtype;
    this.weights = new BigDecimal[weights.length];
    for (int i = 0; i < weights.length; i++) {
      this.weights[i] = new BigDecimal(weights[i]);
      total = total.add(this.weights[i]);
    }
  }

  double of(double[][] rows, int index) {
    BigDecimal sum = BigDecimal.ZERO;
    boolean negativeZeros = true;
    for (int row = 0; row < rows.length; row++) {
      double value = rows[row][index];
      sum = sum.add(new BigDecimal(value).multiply(weights[row]));
      negativeZeros &= Double.doubleToRawLongBits(value) == Long.MIN_VALUE;
    }
    if (sum.signum() == 0) {
      return negativeZeros ? -0.0 : 0.0;
    }
    double magnitude = nearest(sum.abs());
    return sum.signum() < 0 ? -magnitude : magnitude;
  }

  /** The number nearest to {@code sum / total}, of two that are as near the even one. */
  private double nearest(BigDecimal sum) {
    BigDecimal quotient = sum.divide(total, MathContext.DECIMAL128);
    boolean single = dtype == Dtype.FLOAT32;
    double near = single ? quotient.floatValue() : quotient.doubleValue();
    double below = single ? Math.nextDown((float) near) : Math.nextDown(near);
    double above = single ? Math.nextUp((float) near) : Math.nextUp(near);
    return DoubleStream.of(near, Math.max(below, 0), above)
        .filter(Double::isFinite)
        .boxed()
        .min((a, b) -> {
          int closer = distance(a, sum).compareTo(distance(b, sum));
          return closer != 0 ? closer : Long.compare(lastBit(a), lastBit(b));
        })
        .orElseThrow();
  }

  private BigDecimal distance(double candidate, BigDecimal sum) {
    return new BigDecimal(candidate).multiply(total).subtract(sum).abs();
  }

  private long lastBit(double value) {
    return 1
        & (dtype == Dtype.FLOAT32
            ? Float.floatToRawIntBits((float) value)
            : Double.doubleToRawLongBits(value));
  }
}
