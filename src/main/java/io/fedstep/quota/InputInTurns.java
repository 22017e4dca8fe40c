package io.fedstep.quota;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A body that is decoded in turns: none is held while bytes are waited for, nor behind the end. */
public final class InputInTurns extends FilterInputStream {
  private final Turns.Turn turn;

  public InputInTurns(InputStream whole, Turns.Turn turn) {
    super(whole);
    this.turn = turn;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    turn.end();
    int count = in.read(bytes, from, length);
    if (count >= 0) {
      turn.begin();
    }
    return count;
  }

  /** Leaves the body open, whose rest may have to be dropped. */
  @Override
  public void close() {
    turn.end();
  }
}
