package io.fedstep.store;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Forces a file, also ahead while much is still being written, so that the disk works meanwhile and
 * little is left for the last force. A failure is kept for the next force, since the operating
 * system reports it once.
 */
final class Forcing {
  /** Bytes after which a force ahead pays; forcing fewer takes a few milliseconds. */
  private static final long MUCH = 8 << 20;

  private final Runnable force;
  private final AtomicLong unforced = new AtomicLong();
  private final AtomicBoolean running = new AtomicBoolean();
  private @Nullable StorageException failed;

  Forcing(Runnable force) {
    this.force = force;
  }

  /** Adds written bytes; whether {@link #ahead} is to be run, on another thread. */
  boolean isDue(int written) {
    return unforced.addAndGet(written) >= MUCH && running.compareAndSet(false, true);
  }

  /** Forces while others write. */
  void ahead() {
    try {
      force();
    } catch (StorageException e) {
      // kept for the next force
    } finally {
      running.set(false);
    }
  }

  /** Makes everything durable whose write has returned; after a failure there is no second try. */
  synchronized void force() {
    if (failed != null) {
      throw failed;
    }
    unforced.set(0);
    try {
      force.run();
    } catch (StorageException e) {
      if (!e.passes()) { // it could not be opened: nothing was lost
        failed = e;
      }
      throw e;
    }
  }
}
