package io.fedstep.security;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How many requests each sender may make: so many a second on average, twice as many at once (a
 * token bucket). Remembers a bounded number of senders, the longest silent forgotten first.
 */
public final class RequestRate {
  private static final int MOST_SENDERS = 100_000;
  private static final double NANOS = 1e9;

  private final double perSecond;
  private final LongSupplier nanos;
  private final Map<String, Bucket> buckets =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
          return size() > MOST_SENDERS;
        }
      };

  private record Bucket(double left, long at) {}

  /** So many requests a second of each sender; a clock in nanoseconds. */
  public RequestRate(int perSecond, LongSupplier nanos) {
    this.perSecond = perSecond;
    this.nanos = nanos;
  }

  /** Counts a request, or refuses it. */
  synchronized @Nullable Refusal take(String sender) {
    long now = nanos.getAsLong();
    Bucket before = buckets.get(sender);
    double most = 2 * perSecond;
    double left =
        before == null ? most : Math.min(most, before.left + (now - before.at) / NANOS * perSecond);
    if (left < 1) {
      return Refusal.of(
              Problem.TOO_MANY_REQUESTS,
              "'%s' sends more than %d requests a second (fedstep.limits.requests-per-second)."
                  .formatted(sender, (long) perSecond))
          .with("retry_after", (long) Math.max(1, Math.ceil((1 - left) / perSecond)));
    }
    buckets.put(sender, new Bucket(left - 1, now));
    return null;
  }
}
