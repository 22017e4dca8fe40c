package io.fedstep.coordinator;

import io.fedstep.round.UpdateMetadata;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;

/** The last reports of a model's clients, which whoever follows it is told of together. */
final class RecentReports {
  /** How many are kept. */
  static final int KEPT = 100;

  /** In which reports gather before they are told. */
  static final Duration PAUSE = Duration.ofMillis(100);

  private final ArrayDeque<ClientReport> last = new ArrayDeque<>();
  private long count;
  private long told;

  /** Keeps one more; says whether it is the first that is to be told. */
  synchronized boolean add(long version, String client, UpdateMetadata report) {
    if (last.size() == KEPT) {
      last.removeFirst();
    }
    last.addLast(new ClientReport(++count, version, client, report));
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

  /** Those that are kept, the last is last. */
  synchronized List<ClientReport> all() {
    return List.copyOf(last);
  }
}
