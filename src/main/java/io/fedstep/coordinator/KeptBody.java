package io.fedstep.coordinator;

import java.io.IOException;
import java.io.InputStream;

/** The body of a request, each piece of which is kept before it is decoded. For one reader. */
final class KeptBody extends InputStream {
  /** Keeps pieces, or throws what ends the body. */
  interface Keeper {
    void keep(byte[] bytes, int from, int count) throws IOException;
  }

  private final InputStream body;
  private final Keeper keeper;

  /** The first byte once {@link #isEmpty} has read it, or -1. */
  private int first = -1;

  KeptBody(InputStream body, Keeper keeper) {
    this.body = body;
    this.keeper = keeper;
  }

  /** Waits for the first byte; whether none comes. To be asked once, before anything is read. */
  boolean isEmpty() throws IOException {
    first = body.read();
    return first < 0;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int from, int length) throws IOException {
    int count;
    if (first >= 0 && length > 0) {
      into[from] = (byte) first;
      first = -1;
      count = 1;
    } else {
      count = body.read(into, from, length);
    }
    if (count > 0) {
      keeper.keep(into, from, count);
    }
    return count;
  }
}
