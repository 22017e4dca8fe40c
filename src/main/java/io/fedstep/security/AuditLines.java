package io.fedstep.security;

import static java.util.stream.Collectors.joining;

import io.fedstep.quota.TokenBuckets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A limit on the audit log's lines about what any sender can cause: some a second for each sender,
 * and for all together. The rest are counted, and told in one line a minute. A sender that fills
 * its own share takes nothing from that of all.
 */
public final class AuditLines implements AutoCloseable {
  private static final double A_SECOND = 5;
  private static final double AT_ONCE = 300;
  private static final double ALL_A_SECOND = 50;
  private static final double ALL_AT_ONCE = 3000;
  private static final String ALL = "";

  /** Senders whose number of lines is in the minute's line. */
  private static final int MOST_NAMED = 5;

  private static final int MOST_COUNTED = 1000;
  private static final String OTHERS = "others";

  private final TokenBuckets bySender;
  private final TokenBuckets all;
  private final Consumer<String> log;
  private final Map<String, Long> omitted = new HashMap<>();
  private final ScheduledExecutorService minutes =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("audit").factory());

  /** A clock in nanoseconds, and the log for the lines about those that are only counted. */
  public AuditLines(LongSupplier nanos, Consumer<String> log) {
    bySender = new TokenBuckets(A_SECOND, AT_ONCE, nanos);
    all = new TokenBuckets(ALL_A_SECOND, ALL_AT_ONCE, nanos);
    this.log = log;
    var _ = minutes.scheduleWithFixedDelay(this::tellOmitted, 1, 1, TimeUnit.MINUTES);
  }

  /** Writes a line about a sender, or counts it. */
  void write(String sender, Runnable line) {
    if (bySender.take(sender) >= 0 && all.take(ALL) >= 0) {
      line.run();
    } else {
      count(sender);
    }
  }

  private synchronized void count(String sender) {
    boolean known = omitted.containsKey(sender) || omitted.size() < MOST_COUNTED;
    omitted.merge(known ? sender : OTHERS, 1L, Long::sum);
  }

  /** Writes the line about those that were only counted since the last such line, if any were. */
  void tellOmitted() {
    Map<String, Long> counts;
    synchronized (this) {
      counts = Map.copyOf(omitted);
      omitted.clear();
    }
    if (counts.isEmpty()) {
      return;
    }
    String most =
        counts.entrySet().stream()
            .sorted(
                Map.Entry.<String, Long>comparingByValue()
                    .reversed()
                    .thenComparing(Map.Entry.comparingByKey()))
            .limit(MOST_NAMED)
            .map(one -> one.getKey() + "=" + one.getValue())
            .collect(joining(" "));
    log.accept(
        "omitted lines=%s senders=%s most: %s"
            .formatted(
                counts.values().stream().mapToLong(Long::longValue).sum(), counts.size(), most));
  }

  @Override
  public void close() {
    minutes.shutdownNow();
    tellOmitted();
  }
}
