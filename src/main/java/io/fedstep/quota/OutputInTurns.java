package io.fedstep.quota;

import java.io.IOException;
import java.io.OutputStream;

/** An answer that is computed in turns: none is held while its bytes are sent. */
public final class OutputInTurns extends OutputStream {
  private final OutputStream out;
  private final Turns.Turn turn;
  private final byte[] gathered = new byte[Turns.PIECE];
  private int count;

  /** Waits for the first turn. */
  public OutputInTurns(OutputStream out, Turns.Turn turn) {
    this.out = out;
    this.turn = turn;
    turn.begin();
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    for (int done = 0; done < length; ) {
      int part = Math.min(length - done, gathered.length - count);
      System.arraycopy(bytes, from + done, gathered, count, part);
      count += part;
      done += part;
      if (count == gathered.length) {
        send();
        turn.begin();
      }
    }
  }

  private void send() throws IOException {
    turn.end();
    int length = count;
    count = 0;
    out.write(gathered, 0, length);
  }

  /** Sends the rest and ends the turn. */
  @Override
  public void close() throws IOException {
    send();
    out.close();
  }
}
