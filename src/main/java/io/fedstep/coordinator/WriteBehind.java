package io.fedstep.coordinator;

import io.fedstep.store.PausedFile;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Appends bytes to an upload's file, and hashes them, behind the thread that decodes them: one
 * buffer is filled while the other is written. For one caller at a time.
 */
final class WriteBehind {
  /** Bytes of a buffer: two are less than the megabyte that a break may cost. */
  private static final int BUFFER = 64 * 1024;

  private final PausedFile file;
  private final @Nullable MessageDigest digest;
  private byte[] filling;
  private byte[] other;
  private int filled;
  private long length;
  private @Nullable CompletableFuture<Void> writing;

  /**
   * Begins behind the bytes that the file has, which is open.
   *
   * @param digest of the whole body, or null
   */
  WriteBehind(PausedFile file, @Nullable MessageDigest digest) {
    this.file = file;
    this.digest = digest;
    length = file.length();
    int size = (int) Math.min(BUFFER, Math.max(1, file.head().length() - length));
    filling = new byte[size];
    other = new byte[size];
  }

  /** Bytes of the upload, those that are still to be written as well. */
  long length() {
    return length;
  }

  /** Takes bytes over; a failure of those before them is thrown. */
  void add(byte[] bytes, int from, int count) {
    int done = 0;
    while (done < count) {
      if (filled == filling.length) {
        swap();
      }
      int some = Math.min(count - done, filling.length - filled);
      System.arraycopy(bytes, from + done, filling, filled, some);
      filled += some;
      done += some;
    }
    length += count;
  }

  private void swap() {
    await();
    byte[] full = filling;
    int count = filled;
    filling = other;
    other = full;
    filled = 0;
    var written = new CompletableFuture<Void>();
    writing = written;
    Thread.startVirtualThread(() -> {
      try {
        write(full, count);
        written.complete(null);
      } catch (Throwable e) {
        written.completeExceptionally(e);
      }
    });
  }

  private void write(byte[] bytes, int count) {
    if (digest != null) {
      digest.update(bytes, 0, count);
    }
    file.append(ByteBuffer.wrap(bytes, 0, count));
  }

  private void await() {
    CompletableFuture<Void> last = writing;
    if (last != null) {
      writing = null;
      try {
        var _ = Engine.joined(last);
      } catch (RuntimeException | Error e) {
        filled = 0; // which would leave a gap
        throw e;
      }
    }
  }

  /** Returns once all bytes are in the file. */
  void flush() {
    await();
    int count = filled;
    filled = 0;
    if (count > 0) {
      write(filling, count);
    }
  }

  /** Returns once nothing is written any more; what was not, is lost. */
  void end() {
    if (writing != null) {
      writing.exceptionally(_ -> null).join();
    }
  }
}
