package io.fedstep.coordinator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
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

  /** Whether a client's failure is kept: another one of it, or one of not too many. */
  boolean takes(long round, String client) {
    Map<String, ClientFailure> ofRound = byRound.getOrDefault(round, Map.of());
    return ofRound.size() < MOST || ofRound.containsKey(client);
  }

  /** Keeps a failure, unless there are too many; those for rounds before {@code oldest} go. */
  void add(ClientFailure failure, long oldest) {
    forget(oldest);
    if (takes(failure.round(), failure.client())) {
      Map<String, ClientFailure> ofRound =
          byRound.computeIfAbsent(failure.round(), _ -> new LinkedHashMap<>());
      ofRound.remove(failure.client());
      ofRound.put(failure.client(), failure);
    }
  }

  /** Keeps those for rounds before {@code oldest} no more, and gives them. */
  List<ClientFailure> forget(long oldest) {
    SortedMap<Long, Map<String, ClientFailure>> over = byRound.headMap(oldest);
    List<ClientFailure> gone = over.values().stream().flatMap(of -> of.values().stream()).toList();
    over.clear();
    return gone;
  }

  /** The failures for a round, the last one last, of clients that did not send an update since. */
  List<ClientFailure> of(long round, Predicate<String> hasUpdate) {
    return byRound.getOrDefault(round, Map.of()).values().stream()
        .filter(failure -> !hasUpdate.test(failure.client()))
        .toList();
  }
}
