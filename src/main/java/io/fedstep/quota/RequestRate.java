package io.fedstep.quota;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** How many requests each sender may make: so many a second on average, twice as many at once. */
public final class RequestRate {
  private final double perSecond;
  private final TokenBuckets buckets;

  /** So many requests a second of each sender; a clock in nanoseconds. */
  public RequestRate(int perSecond, LongSupplier nanos) {
    this.perSecond = perSecond;
    buckets = new TokenBuckets(perSecond, 2.0 * perSecond, nanos);
  }

  /** Counts a request, or refuses it. */
  public @Nullable Refusal count(String sender) {
    double left = buckets.take(sender);
    return left >= 0
        ? null
        : Refusal.of(
                Problem.TOO_MANY_REQUESTS,
                "'%s' sends more than %s requests a second (fedstep.limits.requests-per-second)."
                    .formatted(sender, (long) perSecond))
            .retryAfter((long) Math.max(1, Math.ceil(-left / perSecond)));
  }
}
