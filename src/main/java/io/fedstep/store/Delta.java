package io.fedstep.store;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/**
 * What differs between two vectors of as many values: their bytes, XORed, by planes. The first byte
 * of every value comes first, then the second of every value: those of high bytes, which seldom
 * differ, are beside one another.
 *
 * @param before the one vector, behind any head
 * @param after the other
 * @param width bytes of a value
 */
record Delta(VersionBytes before, VersionBytes after, long values, int width) {
  private static final int AT_ONCE = 1 << 15;

  /** Writes the planes. */
  void write(OutputStream to) throws IOException {
    int most = (int) Math.min(AT_ONCE, values);
    byte[] old = new byte[most * width];
    byte[] fresh = new byte[most * width];
    byte[] plane = new byte[most];
    for (int number = 0; number < width; number++) {
      int count;
      for (long at = 0; at < values; at += count) {
        count = (int) Math.min(most, values - at);
        read(before, at, count, old);
        read(after, at, count, fresh);
        for (int i = 0, k = number; i < count; i++, k += width) {
          plane[i] = (byte) (old[k] ^ fresh[k]);
        }
        to.write(plane, 0, count);
      }
    }
  }

  private void read(VersionBytes from, long at, int count, byte[] into) {
    long head = from.length() - values * width;
    from.read(head + at * width, ByteBuffer.wrap(into, 0, count * width));
  }
}
