package io.fedstep.quota;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.concurrent.Semaphore;

/**
 * Turns at the processor for requests that need it for long: so many at once that one thread which
 * carries requests is left for all others. Callers come one after another, and each caller's
 * requests in the order in which they came.
 */
public final class Turns {
  /** Bytes that are worked on in one turn: about a millisecond. */
  public static final int PIECE = 64 * 1024;

  private final LinkedHashMap<String, Deque<Semaphore>> waiting = new LinkedHashMap<>();
  private int free;

  Turns(int atOnce) {
    free = atOnce;
  }

  /** As many as the threads that carry requests, but one. */
  public static Turns ofCarriers() {
    int carriers =
        Integer.getInteger(
            "jdk.virtualThreadScheduler.parallelism", Runtime.getRuntime().availableProcessors());
    return new Turns(Math.max(1, carriers - 1));
  }

  /** A caller's request, which has no turn yet. */
  public Turn of(String caller) {
    return new Turn(caller);
  }

  private void acquire(String caller) {
    var granted = new Semaphore(0);
    synchronized (this) {
      if (free > 0) {
        free--;
        return;
      }
      waiting.computeIfAbsent(caller, _ -> new ArrayDeque<>()).add(granted);
    }
    granted.acquireUninterruptibly();
  }

  private synchronized void release() {
    var next = waiting.pollFirstEntry();
    if (next == null) {
      free++;
      return;
    }
    next.getValue().remove().release();
    if (!next.getValue().isEmpty()) {
      waiting.putLast(next.getKey(), next.getValue());
    }
  }

  private synchronized boolean areWanted() {
    return !waiting.isEmpty();
  }

  /** One request's turns; for one thread. */
  public final class Turn {
    private final String caller;
    private boolean taken;
    private int worked;

    private Turn(String caller) {
      this.caller = caller;
    }

    /** Waits for a turn, unless it has one. */
    void begin() {
      if (!taken) {
        Turns.this.acquire(caller);
        taken = true;
      }
    }

    /** Ends its turn, if it has one: it waits for others, or is done. */
    public void end() {
      if (taken) {
        taken = false;
        Turns.this.release();
      }
    }

    /** Bytes have been worked on: now and then the next one's turn has come. */
    public void worked(int bytes) {
      worked += bytes;
      if (worked >= PIECE) {
        worked = 0;
        if (taken && areWanted()) {
          end();
          begin();
        }
      }
    }
  }
}
