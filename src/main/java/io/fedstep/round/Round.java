package io.fedstep.round;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The open round of a model: collecting, then closed. A plain object for one thread at a time; it
 * knows only what it was told, so a replay of its decisions is the same round.
 */
public final class Round {
  private final long number;
  private final String base;
  private final Instant openedAt;
  private final Map<Key, Decision.Accepted> accepted = new TreeMap<>();
  private final MetricNames names = new MetricNames();
  private Decision.@Nullable Passed passed;
  private Decision.@Nullable Closed closed;

  /**
   * The version that an update was computed from.
   *
   * @param version its number
   * @param base the tag of its weights, or null if that is not known any more
   */
  public record Origin(long version, @Nullable String base) {}

  /** A client has one update from a version; updates are aggregated in the order of these keys. */
  private record Key(String client, long from) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int clients = client.compareTo(other.client);
      return clients != 0 ? clients : Long.compare(from, other.from);
    }
  }

  /** Opens round {@code number}, which trains from the weights with the tag {@code base}. */
  public Round(long number, String base, Instant openedAt) {
    this.number = number;
    this.base = base;
    this.openedAt = openedAt;
  }

  /** Whether a client may send an update's numbers, given the base that it names. */
  public Verdict admit(String client, Origin origin, @Nullable String namedBase) {
    Decision.Accepted earlier = update(client, origin.version());
    if (earlier != null) {
      return new Verdict.Repeats(earlier);
    }
    Refusal refusal = refusal(origin, namedBase);
    return refusal == null ? new Verdict.Welcome() : new Verdict.Refused(refusal);
  }

  /**
   * Whether an update with its numbers in {@code row} is accepted; the decision is to be applied.
   */
  public Verdict accept(
      String client,
      Origin origin,
      int row,
      UpdateMetadata metadata,
      VectorSummary summary,
      Instant now) {
    Decision.Accepted earlier = update(client, origin.version());
    if (earlier != null) {
      return repeat(earlier, metadata.weight(), summary);
    }
    Refusal refusal = refusal(origin, metadata.base());
    if (refusal != null) {
      return new Verdict.Refused(refusal);
    }
    return new Verdict.Enters(
        new Decision.Accepted(
            client,
            row,
            metadata.weight(),
            names.kept(metadata.metrics()),
            summary,
            now,
            accepted.size() + 1,
            number - origin.version()));
  }

  /** Compares an update with the one that its client has in a round, open or over. */
  public static Verdict repeat(Decision.Accepted earlier, double weight, VectorSummary summary) {
    if (earlier.summary().digest().equals(summary.digest()) && earlier.weight() == weight) {
      return new Verdict.Repeats(earlier);
    }
    return new Verdict.Refused(
        Refusal.of(
            Problem.UPDATE_DIFFERS,
            ("Client '%s' already has an update in this round with digest %s and weight %s; this one"
                    + " has %s and %s.")
                .formatted(
                    earlier.client(),
                    earlier.summary().digest(),
                    earlier.weight(),
                    summary.digest(),
                    weight)));
  }

  private @Nullable Refusal refusal(Origin origin, @Nullable String namedBase) {
    if (closed != null) {
      return over(number, number + 1);
    }
    if (namedBase != null && origin.base() != null && !namedBase.equals(origin.base())) {
      return Refusal.of(
              Problem.BASE_DIFFERS,
              "Round %s trains from the weights tagged '%s', not from '%s'; fetch the weights again."
                  .formatted(origin.version(), origin.base(), namedBase))
          .with("base", origin.base());
    }
    return null;
  }

  /** The refusal of an update that is not in a round which is over. */
  public static Refusal over(long number, long current) {
    return Refusal.of(
            Problem.ROUND_CLOSED,
            "Round %s is over and this update is not in it; train for round %s."
                .formatted(number, current))
        .with("current_round", current);
  }

  /** The decision to close; the round is closed once it is applied. */
  public Decision.Closed close(Decision.Cause by, Instant now) {
    return new Decision.Closed(by, now);
  }

  /** Applies a decision that is in the journal. */
  public void apply(Decision decision) {
    if (closed != null) {
      throw new IllegalStateException("a decision behind the close of round " + number);
    }
    switch (decision) {
      case Decision.Accepted update -> {
        var key = new Key(update.client(), number - update.staleness());
        if (accepted.put(key, update.with(names)) != null) {
          throw new IllegalStateException(
              "two updates of client '%s' in round %s".formatted(update.client(), number));
        }
      }
      case Decision.Passed deadline -> passed = deadline;
      case Decision.Closed close -> closed = close;
    }
  }

  /** The round's number, which is the version that it trains from. */
  public long number() {
    return number;
  }

  /** The tag of the weights that it trains from. */
  public String base() {
    return base;
  }

  /** When it opened. */
  public Instant openedAt() {
    return openedAt;
  }

  /** The number of updates accepted. */
  public int updates() {
    return accepted.size();
  }

  /** The update that a client computed from a version, or null. */
  public Decision.@Nullable Accepted update(String client, long from) {
    return accepted.get(new Key(client, from));
  }

  /** The updates by client id, then version: the order in which they are aggregated. */
  public List<Decision.Accepted> inClientOrder() {
    return List.copyOf(accepted.values());
  }

  /** The updates as a view, not a copy, for the round's owner. */
  public Collection<Decision.Accepted> view() {
    return Collections.unmodifiableCollection(accepted.values());
  }

  /** The last deadline that passed and doubled the share, or null. */
  public Decision.@Nullable Passed passed() {
    return passed;
  }

  /** How many deadlines have passed and doubled the share under a policy. */
  public int passed(long policy) {
    return passed != null && passed.policy() == policy ? passed.times() : 0;
  }

  /** The close, or null while the round collects updates. */
  public Decision.@Nullable Closed closed() {
    return closed;
  }
}
