package io.fedstep.web;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.apache.coyote.InputBuffer;
import org.apache.tomcat.util.net.ApplicationBufferHandler;

/** A body that has to come at a minimum rate, or reading it ends with 408. */
final class RatedInput implements InputBuffer {
  /** Within which a body may pause. */
  private static final Duration WINDOW = Duration.ofSeconds(5);

  private final InputBuffer whole;
  private final long leastInWindow;
  private long windowBegan;
  private long inWindow;

  RatedInput(InputBuffer whole, long leastRate) {
    this.whole = whole;
    leastInWindow = leastRate * WINDOW.toSeconds();
  }

  /** What this reads from. */
  InputBuffer whole() {
    return whole;
  }

  @Override
  public int doRead(ApplicationBufferHandler handler) throws IOException {
    if (windowBegan == 0) {
      windowBegan = System.nanoTime();
    }
    int read = whole.doRead(handler);
    inWindow += Math.max(read, 0);
    long now = System.nanoTime();
    if (now - windowBegan > WINDOW.toNanos() && read >= 0) {
      if (inWindow < leastInWindow) {
        throw Refusal.of(
                Problem.TOO_SLOW,
                "The body brought %d bytes in %d s, not the %d of fedstep.limits.least-upload-rate."
                    .formatted(inWindow, WINDOW.toSeconds(), leastInWindow))
            .exception();
      }
      windowBegan = now;
      inWindow = 0;
    }
    return read;
  }

  /** Reads the rest and forgets it. */
  void drop() throws IOException {
    var forgotten = new Forgotten();
    while (doRead(forgotten) >= 0) {
      // the next piece
    }
  }

  @Override
  public int available() {
    return whole.available();
  }

  private static final class Forgotten implements ApplicationBufferHandler {
    private ByteBuffer piece = ByteBuffer.allocate(0);

    @Override
    public void setByteBuffer(ByteBuffer buffer) {
      piece = buffer;
    }

    @Override
    public ByteBuffer getByteBuffer() {
      return piece;
    }

    @Override
    public void expand(int size) {
      // the container's own buffer is handed over
    }
  }
}
