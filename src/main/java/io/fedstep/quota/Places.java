package io.fedstep.quota;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Places of one kind, for all callers together; one of them holds a share at most. A holder is a
 * client's id or an address; null stands for callers among whom nothing is shared out.
 */
public final class Places {
  private final int total;
  private final String allTaken;
  private final int most;
  private final String shareTaken;
  private final Problem whenFull;
  private final int retryAfter;
  private final ReentrantLock lock = new ReentrantLock(true);
  private final Condition freed = lock.newCondition();
  private final Map<String, Integer> held = new HashMap<>();
  private int taken;

  /**
   * Places that are all free.
   *
   * @param what goes on in a place, as in {@code 3 uploads are under way}
   * @param key the configuration's key for {@code total}
   * @param share the part that one holder may have, in (0, 1]; it is one place at least
   * @param whenFull the problem of callers when none is left
   * @param retryAfter the seconds after which these try again
   */
  public Places(
      String what, String key, int total, double share, Problem whenFull, int retryAfter) {
    this.total = total;
    this.whenFull = whenFull;
    this.retryAfter = retryAfter;
    most = (int) Math.max(1, total * share);
    allTaken = "%s %s (%s); try again shortly.".formatted(total, what, key);
    shareTaken =
        "%s %s for '%%s', its share (fedstep.limits.share) of %s (%s)."
            .formatted(most, what, total, key);
  }

  /** Places without end, of which each holder may have so many. */
  public Places(String what, String key, int most) {
    total = Integer.MAX_VALUE;
    whenFull = Problem.TOO_MANY_REQUESTS;
    retryAfter = 1;
    this.most = most;
    allTaken = "";
    shareTaken = "%s %s for '%%s' (%s).".formatted(most, what, key);
  }

  /** A place that is taken until it is closed. */
  public final class Place implements AutoCloseable {
    private final @Nullable String holder;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Place(@Nullable String holder) {
      this.holder = holder;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        release(holder);
      }
    }
  }

  /** Takes a place, or refuses it. */
  public Place acquire(@Nullable String holder) {
    return acquire(holder, Duration.ZERO);
  }

  /** The same; where all are taken, waits for one. A holder's own share is not waited for. */
  public Place acquire(@Nullable String holder, Duration patience) {
    long rest = patience.toNanos();
    lock.lock();
    try {
      checkShare(holder);
      while (taken >= total) {
        if (rest <= 0) {
          throw Refusal.of(whenFull, allTaken).retryAfter(retryAfter).exception();
        }
        rest = freed.awaitNanos(rest);
        checkShare(holder);
      }
      return take(holder);
    } catch (InterruptedException e) {
      throw new IllegalStateException("requests are not interrupted", e);
    } finally {
      lock.unlock();
    }
  }

  /** Takes a place beyond the limits, for what is there in any case. */
  public Place add() {
    lock.lock();
    try {
      return take(null);
    } finally {
      lock.unlock();
    }
  }

  private Place take(@Nullable String holder) {
    taken++;
    if (holder != null) {
      held.merge(holder, 1, Integer::sum);
    }
    return new Place(holder);
  }

  /** How many are taken. */
  public int taken() {
    lock.lock();
    try {
      return taken;
    } finally {
      lock.unlock();
    }
  }

  private void checkShare(@Nullable String holder) {
    if (holder != null && held.getOrDefault(holder, 0) >= most) {
      throw Refusal.of(Problem.TOO_MANY_REQUESTS, shareTaken.formatted(holder))
          .retryAfter(retryAfter)
          .exception();
    }
  }

  private void release(@Nullable String holder) {
    lock.lock();
    try {
      taken--;
      if (holder != null) {
        held.computeIfPresent(holder, (_, count) -> count == 1 ? null : count - 1);
      }
      freed.signal();
    } finally {
      lock.unlock();
    }
  }
}
