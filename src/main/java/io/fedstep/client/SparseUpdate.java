package io.fedstep.client;

import io.fedstep.client.Layout.Tensor;
import io.fedstep.thin.Largest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An update of which the largest values are sent, and what is not sent, to be added to the next one
 * (error feedback).
 *
 * @param body the file
 * @param rest for each value of the flat vector
 */
@SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
record SparseUpdate(Body body, double[] rest) {
  /** Of so many values one is sent. */
  private static final int SHARE = 100;

  /**
   * An update with what the last one has left.
   *
   * @param vector the flat vector
   * @param tensors those that are sent; of the others all is left that was
   * @param before what is left so far; null for nothing
   */
  static SparseUpdate of(
      Layout layout, byte[] vector, List<Tensor> tensors, double @Nullable [] before) {
    double[] all = before == null ? new double[layout.size()] : before.clone();
    ByteBuffer values = ByteBuffer.wrap(vector).order(ByteOrder.LITTLE_ENDIAN);
    int count = tensors.stream().mapToInt(Tensor::size).sum();
    float[] magnitudes = new float[count];
    int at = 0;
    for (Tensor tensor : tensors) {
      values.position(tensor.offset() * layout.dtype().width());
      for (int i = tensor.offset(); i < tensor.offset() + tensor.size(); i++) {
        all[i] += layout.dtype().next(values);
        magnitudes[at++] = (float) Math.abs(all[i]);
      }
    }
    int kept = Math.min(count, Math.max(1, (count + SHARE / 2) / SHARE));
    return sent(tensors, all, Largest.places(magnitudes, kept));
  }

  /** Takes what is sent out of all values. */
  private static SparseUpdate sent(List<Tensor> tensors, double[] all, int[] places) {
    var file = new Tensors(Map.of("fedstep.encoding", Encoding.TOP_K.label()));
    int first = 0; // of the tensor's, among the values of all that are sent
    int next = 0;
    for (Tensor tensor : tensors) {
      int end = first + tensor.size();
      int from = next;
      while (next < places.length && places[next] < end) {
        next++;
      }
      ByteBuffer index = Tensors.room((next - from) * Integer.BYTES);
      ByteBuffer values = Tensors.room((next - from) * Float.BYTES);
      for (int i = from; i < next; i++) {
        int place = places[i] - first;
        float value = (float) all[tensor.offset() + place];
        index.putInt(place);
        values.putFloat(value);
        all[tensor.offset() + place] -= value;
      }
      List<Long> shape = List.of((long) next - from);
      file.add(tensor.name() + ":index", "U32", shape, index.flip());
      file.add(tensor.name() + ":values", "F32", shape, values.flip());
      first = end;
    }
    return new SparseUpdate(file.body(), all);
  }
}
