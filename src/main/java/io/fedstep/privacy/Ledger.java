package io.fedstep.privacy;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How many rounds were paid for, and by whom. It only grows.
 *
 * @param rounds how many were closed
 * @param clients how many each client has paid for, in id order; empty where all pay alike
 * @param everybody how many everybody has paid for, or null while each client pays for its own
 */
public record Ledger(long rounds, SortedMap<String, Long> clients, @Nullable Long everybody) {
  /** With more clients one number is kept, the largest. */
  public static final int MOST_CLIENTS = 100_000;

  /** Checks that nobody has paid for more rounds than there were. */
  public Ledger {
    clients = Collections.unmodifiableSortedMap(new TreeMap<>(clients));
    long most = clients.values().stream().mapToLong(Long::longValue).max().orElse(0);
    boolean mixed = everybody != null && !clients.isEmpty();
    boolean below = clients.values().stream().anyMatch(paid -> paid < 1);
    if (mixed
        || below
        || most > rounds
        || (everybody != null && (everybody < 0 || everybody > rounds))) {
      throw new IllegalArgumentException(
          "%s rounds, paid for by %s or all by %s".formatted(rounds, most, everybody));
    }
  }

  /** Before the first round; with sampling everybody pays for each. */
  public static Ledger begin(boolean sampled) {
    return new Ledger(0, new TreeMap<>(), sampled ? 0L : null);
  }

  /** This ledger and one more round, with updates of these clients. */
  public Ledger after(Collection<String> paying) {
    if (everybody != null) {
      return new Ledger(rounds + 1, clients, everybody + 1);
    }
    var next = new TreeMap<>(clients);
    paying.forEach(client -> next.merge(client, 1L, Long::sum));
    return next.size() <= MOST_CLIENTS
        ? new Ledger(rounds + 1, next, null)
        : new Ledger(rounds + 1, new TreeMap<>(), Collections.max(next.values()));
  }

  /** How many rounds a client has paid for. */
  public long paidBy(String client) {
    return everybody != null ? everybody : clients.getOrDefault(client, 0L);
  }

  /** How many the client with the most has paid for. */
  public long most() {
    return everybody != null
        ? everybody
        : clients.isEmpty() ? 0 : Collections.max(clients.values());
  }

  /** Whether none of those who ever took part could be in one more round. */
  public boolean isSpent(long roundsOfBudget) {
    return everybody != null
        ? everybody >= roundsOfBudget
        : !clients.isEmpty() && Collections.min(clients.values()) >= roundsOfBudget;
  }
}
