package io.fedstep.model;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * When a round ends.
 *
 * @param minUpdates with fewer, a deadline passes without closing; at least 1
 * @param maxUpdates with as many, the round closes at once; at least {@code minUpdates}
 * @param timeout distance of the deadlines, at least 1 ms, or null for none
 * @param rounds the version at which training stops by itself, or null
 * @param participation the share of clients that is invited to a round, in (0, 1]
 * @param mode which updates a round takes, and what they count
 */
public record RoundPolicy(
    int minUpdates,
    int maxUpdates,
    @Nullable Duration timeout,
    @Nullable Long rounds,
    double participation,
    RoundMode mode) {
  /** The most updates that a round may ask for. */
  public static final int MOST_UPDATES = 1_000_000;

  private static final Duration LONGEST = Duration.ofDays(365);

  /** Fewest and most updates. */
  private static final SpecRule<RoundPolicy> UPDATES =
      new SpecRule<>(
          "round.min_updates",
          "round.max_updates",
          "`max_updates` is at least `min_updates`",
          policy ->
              policy.maxUpdates() >= policy.minUpdates() && policy.maxUpdates() <= MOST_UPDATES
                  ? null
                  : "max_updates is %s; min_updates (%s) to %s are allowed"
                      .formatted(policy.maxUpdates(), policy.minUpdates(), MOST_UPDATES));

  /** When a buffered round closes. */
  private static final SpecRule<RoundPolicy> BUFFER =
      new SpecRule<>(
          "round.mode",
          "round.max_updates",
          "a `buffered` round closes at `min_updates`: both are the same",
          policy ->
              !policy.mode().isBuffer() || policy.maxUpdates() == policy.minUpdates()
                  ? null
                  : "max_updates is %s; a buffered round closes at min_updates (%s)"
                      .formatted(policy.maxUpdates(), policy.minUpdates()));

  /** What goes together in a round's policy. */
  public static final List<SpecRule<RoundPolicy>> RULES = List.of(UPDATES, BUFFER);

  /** What else has to go together in a new policy; stored ones stay as they are. */
  public static final List<SpecRule<RoundPolicy>> NEW_RULES =
      List.of(
          new SpecRule<>(
              "round.participation",
              "round.timeout",
              "a `participation` below 1 asks for a `timeout`",
              policy ->
                  policy.participation() == 1 || policy.timeout() != null
                      ? null
                      : ("participation is %s, which asks for a timeout, at which more clients are"
                              + " invited if too few have sent updates")
                          .formatted(policy.participation())));

  /** A round closes with its first update. */
  public static final RoundPolicy DEFAULT = new RoundPolicy(1, 1, null, null);

  /** Checks the ranges, and what goes together ({@link #RULES}). */
  public RoundPolicy(
      int minUpdates,
      int maxUpdates,
      @Nullable Duration timeout,
      @Nullable Long rounds,
      double participation,
      RoundMode mode) {
    this.minUpdates = minUpdates;
    this.maxUpdates = maxUpdates;
    this.timeout = timeout;
    this.rounds = rounds;
    this.participation = participation;
    this.mode = mode;
    if (minUpdates < 1 || minUpdates > MOST_UPDATES) {
      throw new IllegalArgumentException(
          "min_updates is %s; 1 to %s are allowed".formatted(minUpdates, MOST_UPDATES));
    }
    UPDATES.check(this);
    if (timeout != null && (timeout.toMillis() < 1 || timeout.compareTo(LONGEST) > 0)) {
      throw new IllegalArgumentException("timeout is out of range; 1ms to 365 days are allowed");
    }
    if (rounds != null && rounds < 1) {
      throw new IllegalArgumentException("rounds is %s; it is at least 1".formatted(rounds));
    }
    if (!(participation > 0 && participation <= 1)) {
      throw new IllegalArgumentException(
          "participation is %s; 0 < participation <= 1 is needed".formatted(participation));
    }
    BUFFER.check(this);
  }

  /** A synchronous round to which everybody is invited. */
  public RoundPolicy(
      int minUpdates, int maxUpdates, @Nullable Duration timeout, @Nullable Long rounds) {
    this(minUpdates, maxUpdates, timeout, rounds, 1, new Synchronous());
  }

  /** The share of clients that is invited after so many deadlines with too few updates. */
  public double participation(int passed) {
    return Math.min(1, Math.scalb(participation, passed));
  }

  /** How many versions an update may be behind. */
  public long maxStaleness() {
    return mode.maxStaleness();
  }

  /** What an update's weight counts in the mean. */
  public double effectiveWeight(double weight, long staleness) {
    return mode.effectiveWeight(weight, staleness);
  }

  /**
   * The first deadline after {@code now}: {@code openedAt} plus a whole number of timeouts, or
   * {@code now} plus one timeout where that is earlier, because the clock was set back.
   */
  public @Nullable Instant deadline(Instant openedAt, Instant now) {
    if (timeout == null) {
      return null;
    }
    long every = timeout.toMillis();
    long passed = Math.max(0, Duration.between(openedAt, now).toMillis() / every);
    Instant next = openedAt.plusMillis((passed + 1) * every);
    Instant latest = now.plus(timeout);
    return next.isAfter(latest) ? latest : next;
  }
}
