package io.fedstep.round;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whose controls are in a version's sum of them, and of which round each is: the last one that an
 * update of its client counted in.
 *
 * @param byClient the rounds, in the order of the clients' ids
 */
public record ControlRounds(SortedMap<String, Long> byClient) {
  /** Nobody's. */
  public static final ControlRounds NONE = new ControlRounds(new TreeMap<>());

  /** Makes it unmodifiable; its maker gives it away. */
  public ControlRounds {
    byClient = Collections.unmodifiableSortedMap(byClient);
  }

  /** Those of clients that came with a state in the place of a round. */
  public static ControlRounds of(Collection<String> clients, long round) {
    var rounds = new TreeMap<String, Long>();
    clients.forEach(client -> rounds.put(client, round));
    return new ControlRounds(rounds);
  }

  /** The round of a client's control, or null if it has none. */
  public @Nullable Long of(String client) {
    return byClient.get(client);
  }

  /** How many clients have one. */
  public int size() {
    return byClient.size();
  }

  /** The clients in the order of their ids' bytes. */
  public List<String> clients() {
    return List.copyOf(byClient.keySet());
  }

  /**
   * Whether controls begin anew after a round with these updates: one that is in the sum is lost,
   * and nobody could take it out again.
   */
  public boolean beginAnew(Collection<Decision.Accepted> updates) {
    return updates.stream()
        .anyMatch(one ->
            one.local() != null && one.local().lostControl() && byClient.containsKey(one.client()));
  }

  /** Those after a round with these updates. */
  public ControlRounds after(long round, Collection<Decision.Accepted> updates) {
    if (beginAnew(updates)) {
      return NONE;
    }
    var rounds = new TreeMap<>(byClient);
    updates.forEach(update -> rounds.put(update.client(), round));
    return new ControlRounds(rounds);
  }
}
