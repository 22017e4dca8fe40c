package io.fedstep.coordinator;

import io.fedstep.problem.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;

/**
 * The last updates of a model that were refused, in memory alone. Whoever waits for a change of the
 * model is told of them together, a few times a second at most, however many come.
 */
final class Refusals {
  /** How many are kept. */
  static final int KEPT = 100;

  /** Characters of a reason that are kept: it may quote what a client sent. */
  static final int MOST_DETAIL = 300;

  /** In which refusals gather before they are told. */
  static final Duration PAUSE = Duration.ofMillis(100);

  private final ArrayDeque<RefusedUpdate> last = new ArrayDeque<>();
  private long count;
  private long told;

  /** Keeps one more; says whether it is the first that is to be told. */
  synchronized boolean add(long round, String client, Refusal refusal, int status, Instant now) {
    if (last.size() == KEPT) {
      last.removeLast();
    }
    String detail = refusal.detail();
    last.addFirst(
        new RefusedUpdate(
            ++count,
            round,
            client,
            refusal.problem().code(),
            status,
            detail.length() > MOST_DETAIL ? detail.substring(0, MOST_DETAIL) + "..." : detail,
            now));
    return count == told + 1;
  }

  /** All that have come are told now. */
  synchronized void tell() {
    told = count;
  }

  /** How many are told. */
  synchronized long told() {
    return told;
  }

  /** Those that are kept, newest first. */
  synchronized List<RefusedUpdate> newestFirst() {
    return List.copyOf(last);
  }
}
