package io.fedstep.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a client adds to each of its gradients: the control of all clients minus its own.
 *
 * @param bytes a flat vector as long as the weights, little-endian, in the model's dtype; zeros for
 *     tensors that are only averaged
 */
@SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
public record Correction(byte[] bytes) {
  /** That of controls, which have the stepped tensors alone. */
  static Correction of(Layout layout, byte[] control, byte[] own) {
    byte[] whole = new byte[(int) layout.bytes()];
    ByteBuffer mean = little(control);
    ByteBuffer its = little(own);
    for (Layout.Tensor tensor : layout.stepped()) {
      ByteBuffer to = little(whole).position(tensor.offset() * layout.dtype().width());
      for (int i = 0; i < tensor.size(); i++) {
        layout.dtype().put(layout.dtype().next(mean) - layout.dtype().next(its), to);
      }
    }
    return new Correction(whole);
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The values of a float32 model. */
  public float[] floats() {
    float[] values = new float[bytes.length / Float.BYTES];
    little(bytes).asFloatBuffer().get(values);
    return values;
  }

  /** The values of a float64 model. */
  public double[] doubles() {
    double[] values = new double[bytes.length / Double.BYTES];
    little(bytes).asDoubleBuffer().get(values);
    return values;
  }
}
