package io.fedstep.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a client computed from a version of the weights.
 *
 * @param bytes the gradient, little-endian, in the model's dtype; it points uphill: of a loss, or
 *     the weights before local training minus those after
 * @param weight number of examples or local steps, in (0, 2^53]
 * @param metrics at most 128 finite numbers by name, measured before training
 */
@SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
public record Update(byte[] bytes, double weight, Map<String, Double> metrics) {
  /** An update of a float32 model; weight 1. */
  public static Update of(float[] gradient) {
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * gradient.length);
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(gradient);
    return new Update(bytes.array(), 1, Map.of());
  }

  /** An update of a float64 model; weight 1. */
  public static Update of(double[] gradient) {
    ByteBuffer bytes = ByteBuffer.allocate(Double.BYTES * gradient.length);
    bytes.order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().put(gradient);
    return new Update(bytes.array(), 1, Map.of());
  }

  /** This update with another weight. */
  public Update weighing(double other) {
    return new Update(bytes, other, metrics);
  }

  /** This update with one metric more. */
  public Update with(String metric, double value) {
    var more = new TreeMap<>(metrics);
    more.put(metric, value);
    return new Update(bytes, weight, more);
  }
}
