package io.fedstep.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Clients' float32 gradients of normal values: one vector off the heap, which each client sends
 * from another place on, so that rows differ and memory does not grow with them.
 */
final class Gradients {
  private static final int SHIFT = 97;

  private final int size;
  private final ByteBuffer bytes;

  Gradients(int size) {
    this.size = size;
    bytes = ByteBuffer.allocateDirect(4 * size).order(ByteOrder.LITTLE_ENDIAN);
    var random = new SplittableRandom(size);
    var floats = bytes.asFloatBuffer();
    for (int i = 0; i < size; i++) {
      floats.put(i, (float) random.nextGaussian());
    }
  }

  int size() {
    return size;
  }

  /** The bytes of a vector. */
  long length() {
    return 4L * size;
  }

  /** What a client sends, in two parts. */
  ByteBuffer[] body(int client) {
    int cut = 4 * start(client);
    return new ByteBuffer[] {part(cut, 4 * size - cut), part(0, cut)};
  }

  private ByteBuffer part(int from, int length) {
    return bytes.slice(from, length).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Whether those are the bytes that a client sends. */
  boolean isBody(int client, byte[] found) {
    var all = ByteBuffer.allocate(4 * size);
    for (ByteBuffer part : body(client)) {
      all.put(part);
    }
    return Arrays.equals(all.array(), found);
  }

  private int start(int client) {
    return (int) ((long) SHIFT * client % size);
  }

  /** The L2 norm of the mean of the first clients' gradients. */
  double normOfMean(int clients) {
    var sums = new double[size];
    var floats = bytes.asFloatBuffer();
    var values = new float[size];
    floats.get(0, values);
    for (int client = 0; client < clients; client++) {
      int start = start(client);
      add(values, start, sums, 0, size - start);
      add(values, 0, sums, size - start, start);
    }
    double squares = 0;
    for (double sum : sums) {
      squares += (sum / clients) * (sum / clients);
    }
    return Math.sqrt(squares);
  }

  private static void add(float[] values, int from, double[] sums, int to, int count) {
    for (int i = 0; i < count; i++) {
      sums[to + i] += values[from + i];
    }
  }
}
