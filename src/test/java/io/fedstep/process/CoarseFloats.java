package io.fedstep.process;

import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * The little-endian bytes of a client's float32 gradient, made as they are read: multiples of 2^-10
 * below 1, so that weighted sums of a few clients are exact in double.
 */
final class CoarseFloats extends InputStream {
  private static final int CHUNK = 16 * 1024;

  private final ByteBuffer bytes = ByteBuffer.allocate(4 * CHUNK).order(ByteOrder.LITTLE_ENDIAN);
  private final float[] values = new float[CHUNK];
  private long random;
  private long rest;

  CoarseFloats(int client, long size) {
    random = client;
    rest = size;
    bytes.limit(0);
  }

  /** The next values of the gradient, at most as many as the array has. */
  int next(float[] into) {
    int count = (int) Math.min(into.length, rest);
    long x = random;
    for (int i = 0; i < count; i++) {
      x = x * 6364136223846793005L + 1442695040888963407L; // Knuth's MMIX
      into[i] = ((x >>> 53) - 1024) * 0x1p-10f;
    }
    random = x;
    rest -= count;
    return count;
  }

  @Override
  public int read() {
    throw new UnsupportedOperationException("bodies are read by pieces");
  }

  @Override
  public int read(byte[] into, int from, int length) {
    if (!bytes.hasRemaining()) {
      int count = next(values);
      if (count == 0) {
        return -1;
      }
      bytes.clear().limit(4 * count);
      FloatBuffer floats = bytes.asFloatBuffer();
      floats.put(values, 0, count);
    }
    int count = Math.min(length, bytes.remaining());
    bytes.get(into, from, count);
    return count;
  }
}
