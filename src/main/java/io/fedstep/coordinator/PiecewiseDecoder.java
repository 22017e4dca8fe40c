package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.VectorSummary;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The one-pass decoder of an update's body, on a thread of its own, to which the body is handed in
 * parts with any time between them. The caller and the decoder take turns: one of them works.
 */
final class PiecewiseDecoder {
  /** Reads a whole body into the row of its update. */
  interface Reading {
    VectorSummary read(InputStream body) throws IOException;
  }

  private final Parts parts = new Parts();
  private final CompletableFuture<VectorSummary> result = new CompletableFuture<>();

  /** Begins to decode. */
  PiecewiseDecoder(Reading reading) {
    Thread.ofVirtual().name("decode").start(() -> run(reading));
  }

  private void run(Reading reading) {
    try {
      result.complete(reading.read(parts));
    } catch (IOException e) {
      result.completeExceptionally(
          Refusal.of(Problem.MALFORMED, "The body ended early or could not be read.").exception());
    } catch (Throwable e) {
      result.completeExceptionally(e);
    } finally {
      parts.readerEnded();
    }
  }

  /**
   * Has a part of the body decoded, which the decoder's thread reads; returns at its end, or once
   * {@link #check} has something to say. What the part throws is thrown here, and the decoder waits
   * for the next part.
   */
  void give(InputStream part) throws IOException {
    parts.give(part);
  }

  /** Whether what was read cannot be right any more, or its row could not be written. */
  boolean hasFailed() {
    return result.isCompletedExceptionally();
  }

  /** Throws the refusal of what has failed, or returns this. */
  PiecewiseDecoder check() {
    if (hasFailed()) {
      finish();
    }
    return this;
  }

  /** Ends the body; its summary, or the refusal. */
  VectorSummary finish() {
    parts.end();
    return Engine.joined(result);
  }

  /** Ends the decoder in the middle of the body; nothing is written any more once this returns. */
  void drop() {
    parts.drop();
  }

  /** A body of which the next part is waited for. */
  private static final class Parts extends InputStream {
    private @Nullable InputStream part;
    private @Nullable Exception failure;
    private boolean ended;
    private boolean dropped;
    private boolean unread;

    /** Hands a part over; returns once it is read, or the reader has ended. */
    synchronized void give(InputStream next) throws IOException {
      failure = null;
      part = next;
      notifyAll();
      await(() -> part == null || unread);
      part = null;
      switch (failure) {
        case IOException e -> throw e;
        case RuntimeException e -> throw e;
        case null, default -> {}
      }
    }

    synchronized void end() {
      ended = true;
      notifyAll();
    }

    synchronized void drop() {
      dropped = true;
      notifyAll();
      await(() -> unread);
    }

    synchronized void readerEnded() {
      unread = true;
      notifyAll();
    }

    private synchronized void await(BooleanSupplier isSo) {
      while (!isSo.getAsBoolean()) {
        try {
          wait();
        } catch (InterruptedException e) {
          throw new IllegalStateException("requests and decoders are not interrupted", e);
        }
      }
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      for (InputStream some = next(); some != null; some = next()) {
        try {
          int count = some.read(into, from, length);
          if (count >= 0) {
            return count;
          }
          isOver(null);
        } catch (IOException | RuntimeException e) {
          isOver(e);
        }
      }
      return -1;
    }

    /** The part that is read, or null at the body's end. */
    private synchronized @Nullable InputStream next() throws IOException {
      await(() -> part != null || ended || dropped);
      if (dropped) {
        throw new IOException("the rest does not come");
      }
      return part;
    }

    private synchronized void isOver(@Nullable Exception why) {
      failure = why;
      part = null;
      notifyAll();
    }
  }
}
