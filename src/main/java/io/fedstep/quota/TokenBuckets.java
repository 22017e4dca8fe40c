package io.fedstep.quota;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * A token bucket for each sender: so many a second on average, and a number at once. Remembers a
 * bounded number of senders, the longest silent forgotten first.
 */
public final class TokenBuckets {
  private static final int MOST_SENDERS = 100_000;
  private static final double NANOS = 1e9;

  private final double perSecond;
  private final double most;
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

  /** Buckets that fill by that much a second, up to {@code most}; a clock in nanoseconds. */
  public TokenBuckets(double perSecond, double most, LongSupplier nanos) {
    this.perSecond = perSecond;
    this.most = most;
    this.nanos = nanos;
  }

  /** Takes one from a sender's bucket; what is left of it, below 0 if there was none to take. */
  public synchronized double take(String sender) {
    long now = nanos.getAsLong();
    Bucket before = buckets.get(sender);
    double left =
        before == null ? most : Math.min(most, before.left + (now - before.at) / NANOS * perSecond);
    if (left >= 1) {
      buckets.put(sender, new Bucket(left - 1, now));
    }
    return left - 1;
  }
}
