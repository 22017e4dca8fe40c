package io.fedstep.coordinator;

import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The lock of an upload, and its transfer: the one request whose bytes count. A later request takes
 * over from it; what had reached the server by then is read before. Once the upload has ended, all
 * of them are told why.
 */
final class UploadLock {
  /** A transfer of which nothing comes for so long hangs: what had reached the server is read. */
  private static final long HANGS_NANOS = Duration.ofMillis(50).toNanos();

  /** For which a transfer may go on reading what has reached the server. */
  private static final long MOST_NANOS = Duration.ofSeconds(3).toNanos();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition rested = lock.newCondition();
  private final Runnable settle;
  private final Runnable remove;
  private @Nullable Transfer current;

  /** Whether a thread still serves a transfer, be it one that is over. */
  private boolean served;

  private volatile @Nullable Refusal endedBy;

  /** A request that brings bytes. */
  static final class Transfer {
    private final Runnable stop;
    private long pieces;

    /** One whose bytes come no more once it is stopped. */
    Transfer(Runnable stop) {
      this.stop = stop;
    }
  }

  /** Something that is done under the lock. */
  interface Action<T extends @Nullable Object, E extends Exception> {
    T run() throws E;
  }

  /**
   * The lock of an upload of which nothing comes.
   *
   * @param settle keeps what a transfer has brought that is over, unless the upload has ended
   * @param remove removes the upload, when it ends
   */
  UploadLock(Runnable settle, Runnable remove) {
    this.settle = settle;
    this.remove = remove;
  }

  <T extends @Nullable Object, E extends Exception> T locked(Action<T, E> action) throws E {
    lock.lock();
    try {
      return action.run();
    } finally {
      lock.unlock();
    }
  }

  /** Does something unless another thread has the lock; never waits. Whether it was done. */
  boolean unlessBusy(Runnable action) {
    boolean free = lock.tryLock();
    if (free) {
      try {
        action.run();
      } finally {
        lock.unlock();
      }
    }
    return free;
  }

  // The end

  /** Ends the upload: every later request is refused, by the first reason. The lock is held. */
  void end(Refusal refusal) {
    if (endedBy == null) {
      endedBy = refusal;
      remove.run();
    }
  }

  /** Does something; a refusal about the whole ends the upload. The lock is held. */
  <T> T judged(Supplier<T> action) {
    try {
      return action.get();
    } catch (RefusedException e) {
      if (UploadRefusals.isAboutTheWhole(e.refusal())) {
        end(e.refusal());
      }
      throw e;
    }
  }

  boolean hasEnded() {
    return endedBy != null;
  }

  /** Throws if the upload has ended. */
  void check() {
    Refusal why = endedBy;
    if (why != null) {
      throw why.exception();
    }
  }

  // The transfer; the lock is held

  /** Ends the transfer once what had come for it is read; the lock is given up meanwhile. */
  void takeOver() {
    Transfer hangs = current;
    long began = System.nanoTime();
    long seen = -1;
    while (hangs != null && current == hangs) {
      if (hangs.pieces == seen || System.nanoTime() - began > MOST_NANOS) {
        stop();
        break;
      }
      seen = hangs.pieces;
      try {
        rested.awaitNanos(HANGS_NANOS);
      } catch (InterruptedException e) {
        throw new IllegalStateException("requests are not interrupted", e);
      }
    }
    check();
  }

  /** The same; returns once no thread serves a transfer any more. */
  void takeOverAlone() {
    takeOver();
    while (served) {
      rested.awaitUninterruptibly();
      takeOver();
    }
  }

  /** Ends the transfer at once. */
  void stop() {
    if (current != null) {
      current.stop.run();
      rest();
    }
  }

  private void rest() {
    abandon();
    if (endedBy == null) {
      settle.run();
    }
  }

  /** The transfer is over, and nothing is kept of what comes. */
  void abandon() {
    current = null;
    rested.signalAll();
  }

  /** Begins a transfer, which has {@link #takeOverAlone taken over}. */
  void begin(Transfer mine) {
    current = mine;
    served = true;
  }

  /** The thread that serves a transfer is done with it. */
  void leave(Transfer mine) {
    served = false;
    rested.signalAll();
    if (current == mine) {
      rest();
    }
  }

  /** Counts a piece that a transfer brings; throws if it is over, or the upload has ended. */
  void brings(Transfer mine) throws IOException {
    check(mine);
    mine.pieces++;
  }

  /** Throws if a transfer is over, or the upload has ended. */
  void check(Transfer mine) throws IOException {
    check();
    if (current != mine) {
      throw new IOException("another request took over");
    }
  }

  /** Throws if another transfer has begun, or the upload has ended. */
  void checkLast(Transfer mine) throws IOException {
    check();
    if (current != null) {
      check(mine);
    }
  }
}
