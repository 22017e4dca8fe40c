package io.fedstep.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One version of a model's weights.
 *
 * @param version its number, and that of the round which trains from it
 * @param tag its ETag, without the quotes
 * @param stopped whether training had stopped when the server answered: no round trains from it
 * @param bytes the flat vector, little-endian, in the model's dtype: the tensors one after another,
 *     each in C order
 */
@SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
public record Weights(long version, String tag, boolean stopped, byte[] bytes) {
  /** The values of a float32 model, as many as it has parameters. */
  public float[] floats() {
    float[] values = new float[bytes.length / Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  /** The values of a float64 model, as many as it has parameters. */
  public double[] doubles() {
    double[] values = new double[bytes.length / Double.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
    return values;
  }
}
