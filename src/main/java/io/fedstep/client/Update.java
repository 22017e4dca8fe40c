package io.fedstep.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a client computed from a version of the weights.
 *
 * @param bytes the gradient, little-endian, in the model's dtype; it points uphill: of a loss, or
 *     the weights before local training minus those after
 * @param weight number of examples or local steps, in (0, 2^53]
 * @param metrics at most 128 finite numbers by name, measured before training
 * @param encoding how it is sent; null for how {@link Participation} says, or else as it is
 * @param tensors those that are sent: the others count as not moved; none for all
 * @param corrected how it was computed, in a model with {@code scaffold-server}; null in others
 */
@SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
public record Update(
    byte[] bytes,
    double weight,
    Map<String, Double> metrics,
    @Nullable Encoding encoding,
    Set<String> tensors,
    @Nullable Corrected corrected) {
  /** An update that is sent whole. */
  public Update(byte[] bytes, double weight, Map<String, Double> metrics) {
    this(bytes, weight, metrics, null, Set.of(), null);
  }

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
    return new Update(bytes, other, metrics, encoding, tensors, corrected);
  }

  /** This update with one metric more. */
  public Update with(String metric, double value) {
    var more = new TreeMap<>(metrics);
    more.put(metric, value);
    return new Update(bytes, weight, more, encoding, tensors, corrected);
  }

  /** This update, sent in fewer bytes. */
  public Update encodedAs(Encoding fewer) {
    return new Update(bytes, weight, metrics, fewer, tensors, corrected);
  }

  /** This update without other tensors than these, which count as not moved. */
  public Update only(String... some) {
    return new Update(bytes, weight, metrics, encoding, Set.of(some), corrected);
  }

  /** This update, computed in that way. */
  public Update corrected(Corrected how) {
    return new Update(bytes, weight, metrics, encoding, tensors, how);
  }

  /**
   * This update, of steps that a constant gradient of 1 would have taken so far; {@link Scaffold}
   * adds with which control.
   */
  public Update localRate(double rate) {
    return corrected(Corrected.first(rate));
  }

  /** Whether it is neither encoded nor without some tensors. */
  boolean isPlain() {
    return encoding == null && tensors.isEmpty();
  }
}
