package io.fedstep.round;

import io.fedstep.model.RoundPolicy;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How many messages a stage waits for, and how long.
 *
 * @param least with fewer, a deadline does not end the stage
 * @param most with as many, it ends at once
 * @param places for messages; with one that finds none the round is abandoned
 * @param time from its begin to its deadline, or null for none
 * @param repeats whether a deadline with too few messages is followed by another, {@code time}
 *     later; else the round is abandoned at it
 */
public record Quorum(int least, int most, int places, @Nullable Duration time, boolean repeats) {
  /** One that ends before its places are taken. */
  public Quorum(int least, int most, @Nullable Duration time, boolean repeats) {
    this(least, most, most, time, repeats);
  }

  /** The quorum of a stage that is open to everybody, by a model's policy. */
  public static Quorum of(RoundPolicy policy) {
    return new Quorum(policy.minUpdates(), policy.maxUpdates(), policy.timeout(), true);
  }

  /**
   * The quorum of clients drawn by chance: the first deadline ends the stage with whatever has
   * come, because of no number, so that nobody is in or out because of another.
   */
  public static Quorum ofDrawn(RoundPolicy policy) {
    return new Quorum(0, Integer.MAX_VALUE, policy.maxUpdates(), policy.timeout(), true);
  }

  /** The quorum of a stage whose messages come from known members. */
  public static Quorum ofMembers(int least, int members, @Nullable Duration time) {
    return new Quorum(least, members, time, false);
  }

  /**
   * The first deadline after {@code now}, or the only one, which may have passed; never later than
   * {@code time} from now, because the clock may have been set back.
   */
  public @Nullable Instant deadline(Instant began, Instant now) {
    if (time == null) {
      return null;
    }
    long every = time.toMillis();
    long passed = repeats ? Math.max(0, Duration.between(began, now).toMillis() / every) : 0;
    Instant next = began.plusMillis((passed + 1) * every);
    Instant latest = now.plus(time);
    return next.isAfter(latest) ? latest : next;
  }
}
