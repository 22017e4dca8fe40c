package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.VectorSummary;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The one-pass decoder of an update's body, on a thread of its own, to which the body is handed in
 * pieces with any time between them. The caller and the decoder take turns: one of them works.
 */
final class PiecewiseDecoder {
  /** Reads a whole body into the row of its update. */
  interface Reading {
    VectorSummary read(InputStream body) throws IOException;
  }

  private final Pieces pieces = new Pieces();
  private final CompletableFuture<VectorSummary> result = new CompletableFuture<>();
  private final @Nullable MessageDigest sha256;

  /**
   * Begins to decode.
   *
   * @param isDigested whether the SHA-256 of the body is wanted
   */
  PiecewiseDecoder(Reading reading, boolean isDigested) {
    sha256 = isDigested ? sha256() : null;
    Thread.ofVirtual().name("decode").start(() -> run(reading));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private void run(Reading reading) {
    try {
      result.complete(reading.read(pieces));
    } catch (IOException e) {
      result.completeExceptionally(
          Refusal.of(Problem.MALFORMED, "The body ended early or could not be read.").exception());
    } catch (Throwable e) {
      result.completeExceptionally(e);
    } finally {
      pieces.readerEnded();
    }
  }

  /** Has a piece decoded; throws the refusal of what cannot be right any more. */
  void give(ByteBuffer piece) {
    if (sha256 != null) {
      sha256.update(piece.duplicate());
    }
    pieces.give(piece);
    if (result.isCompletedExceptionally()) {
      finish();
    }
  }

  /** Ends the body; its summary, or the refusal. */
  VectorSummary finish() {
    pieces.end();
    try {
      return result.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RefusedException refused -> throw refused;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw e;
      }
    }
  }

  /** The SHA-256 of the body in hex, once, if it is wanted. */
  String digest() {
    if (sha256 == null) {
      throw new IllegalStateException("no digest is wanted");
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  /** Ends the decoder in the middle of the body; nothing is written any more once this returns. */
  void drop() {
    pieces.drop();
  }

  /** A body of which the next piece is waited for. */
  private static final class Pieces extends InputStream {
    private ByteBuffer piece = ByteBuffer.allocate(0);
    private boolean starves;
    private boolean ended;
    private boolean dropped;
    private boolean unread;

    /** Hands a piece over; returns once the reader waits for the next, or has ended. */
    synchronized void give(ByteBuffer next) {
      piece = next.duplicate();
      starves = false;
      notifyAll();
      await(() -> starves || unread);
      piece = ByteBuffer.allocate(0);
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
    public synchronized int read(byte[] into, int from, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!piece.hasRemaining()) {
        starves = true;
        notifyAll();
        await(() -> piece.hasRemaining() || ended || dropped);
      }
      if (dropped) {
        throw new IOException("the rest does not come");
      }
      if (!piece.hasRemaining()) {
        return -1;
      }
      int count = Math.min(length, piece.remaining());
      piece.get(into, from, count);
      return count;
    }
  }
}
