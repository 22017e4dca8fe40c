package io.fedstep.wire;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.apache.coyote.InputBuffer;
import org.apache.tomcat.util.net.ApplicationBufferHandler;

/**
 * A body that has to come at a minimum rate, or reading it ends with 408. A sender whose network
 * rests for a moment has as long for the first bytes as for a request's head.
 */
final class MinimumRateInput implements InputBuffer {
  /** Within which a body may pause. */
  private static final Duration WINDOW = Duration.ofSeconds(5);

  private static final long LONGEST_TURN_NANOS = 1_000_000;

  /** A read that takes longer has waited, and others had their turn. */
  private static final long WAIT_NANOS = 200_000;

  private final InputBuffer whole;
  private final long most;
  private final long leastRate;
  private final LongSupplier nanos;
  private Duration window;
  private long read;
  private long turnBegan;
  private long windowBegan;
  private long inWindow;

  /**
   * A body of which only so many bytes may be read; more is 413, and one of which none may be read
   * is as good as empty.
   *
   * @param first how long its first bytes may take
   */
  MinimumRateInput(
      InputBuffer whole, long most, long leastRate, Duration first, LongSupplier nanos) {
    this.whole = whole;
    this.most = most;
    this.leastRate = leastRate;
    this.nanos = nanos;
    window = first;
    turnBegan = nanos.getAsLong();
  }

  /** What this reads from. */
  InputBuffer whole() {
    return whole;
  }

  @Override
  public int doRead(ApplicationBufferHandler handler) throws IOException {
    if (most == 0) {
      return -1;
    }
    int count = next(handler);
    if (read > most) {
      throw Body.tooLarge(most).exception();
    }
    return count;
  }

  private int next(ApplicationBufferHandler handler) throws IOException {
    if (windowBegan == 0) {
      windowBegan = nanos.getAsLong();
    }
    letOthersPass();
    long asked = nanos.getAsLong();
    int count = whole.doRead(handler);
    read += Math.max(count, 0);
    inWindow += Math.max(count, 0);
    long now = nanos.getAsLong();
    if (now - asked > WAIT_NANOS) {
      turnBegan = now;
    }
    if (now - windowBegan > window.toNanos() && count >= 0) {
      long leastInWindow = leastRate * window.toMillis() / 1000;
      if (inWindow < leastInWindow) {
        throw Refusal.of(
                Problem.TOO_SLOW,
                "The body brought %s bytes in %s s, not the %s of fedstep.limits.least-upload-rate."
                    .formatted(inWindow, window.toSeconds(), leastInWindow))
            .retryAfter(1)
            .exception();
      }
      windowBegan = now;
      window = WINDOW;
      inWindow = 0;
    }
    return count;
  }

  /**
   * What comes as fast as it is read would keep all others from this thread's processor. To yield
   * would not do: those that yield can take turns with each other alone, for ever.
   */
  private void letOthersPass() {
    if (nanos.getAsLong() - turnBegan > LONGEST_TURN_NANOS) {
      LockSupport.parkNanos(1);
      turnBegan = nanos.getAsLong();
    }
  }

  /**
   * Reads the rest and forgets it, up to so many bytes and until it takes too long; whether the
   * body has come to its end.
   */
  boolean drop(long bytes, Duration time, BooleanSupplier tooLong) {
    var forgotten = new Forgotten();
    long before = read;
    long began = nanos.getAsLong();
    try {
      while (next(forgotten) >= 0) {
        if (read - before > bytes
            || nanos.getAsLong() - began > time.toNanos()
            || tooLong.getAsBoolean()) {
          return false;
        }
      }
      return true;
    } catch (RefusedException | IOException e) { // it does not deserve the wait
      return false;
    }
  }

  @Override
  public int available() {
    return most == 0 ? 0 : whole.available();
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
