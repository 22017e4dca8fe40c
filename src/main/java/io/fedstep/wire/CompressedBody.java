package io.fedstep.wire;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * A compressed body. One that is much longer than what it holds is refused: frames, members and
 * blocks with nothing in them cost the processor as much as others, and have no end.
 */
final class CompressedBody extends FilterInputStream {
  /** Several times what a decoder reads ahead, or an encoder needs for what it cannot compress. */
  private static final int MOST_EXCESS = 1 << 19;

  private long excess;

  CompressedBody(InputStream body) {
    super(body);
  }

  @Override
  public int read() throws IOException {
    int value = in.read();
    took(1);
    return value;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    int count = in.read(bytes, from, length);
    took(count);
    return count;
  }

  private void took(int bytes) {
    excess += Math.max(bytes, 0);
    if (excess > MOST_EXCESS) {
      throw Problems.malformed(
          "The body is compressed, and %s bytes longer than what it holds.".formatted(MOST_EXCESS));
    }
  }

  /** What it holds, as a decoder that reads this gives it. */
  InputStream expandedBy(InputStream decoder) {
    return new FilterInputStream(decoder) {
      @Override
      public int read() throws IOException {
        int value = in.read();
        gave(value < 0 ? 0 : 1);
        return value;
      }

      @Override
      public int read(byte[] bytes, int from, int length) throws IOException {
        int count = in.read(bytes, from, length);
        gave(count);
        return count;
      }
    };
  }

  private void gave(int bytes) {
    excess = Math.max(0, excess - Math.max(bytes, 0));
  }
}
