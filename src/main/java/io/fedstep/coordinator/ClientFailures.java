package io.fedstep.coordinator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The failures that clients told for rounds that still take updates, in memory alone: the last of
 * each client and a bounded number for a round. Guarded by the model's lock.
 */
final class ClientFailures {
  /** How many are kept for a round. */
  static final int MOST = 1000;

  private final TreeMap<Long, Map<String, ClientFailure>> byRound = new TreeMap<>();

  /** Keeps a failure, unless there are too many; those for rounds before {@code oldest} go. */
  void add(ClientFailure failure, long oldest) {
    byRound.headMap(oldest).clear();
    Map<String, ClientFailure> ofRound =
        byRound.computeIfAbsent(failure.round(), _ -> new LinkedHashMap<>());
    if (ofRound.remove(failure.client()) != null || ofRound.size() < MOST) {
      ofRound.put(failure.client(), failure);
    }
  }

  /** The failures for a round, the last one last, of clients that did not send an update since. */
  List<ClientFailure> of(long round, Predicate<String> hasUpdate) {
    return byRound.getOrDefault(round, Map.of()).values().stream()
        .filter(failure -> !hasUpdate.test(failure.client()))
        .toList();
  }
}
