package io.fedstep.metrics;

import static java.util.stream.Collectors.joining;

import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.quota.TokenBuckets;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The log's lines about what happens to models: each round's end, the first deadline of a round
 * that passes, and once a minute how many updates were refused, and why. Rounds that end faster
 * than one a second are counted, and told in the minute's lines.
 */
public final class ModelLog implements Listener, AutoCloseable {
  private static final double LINES_A_SECOND = 1;
  private static final double LINES_AT_ONCE = 60;

  /** Models whose refusals are told apart in a minute. */
  private static final int MOST_TOLD = 20;

  private final Logger log;
  private final TokenBuckets lines;
  private final Map<String, Supplier<ModelStatus>> models = new ConcurrentHashMap<>();
  private final Set<String> late = ConcurrentHashMap.newKeySet();
  private final Map<String, Long> unwritten = new ConcurrentHashMap<>();
  private final Map<String, Map<String, Long>> refused = new ConcurrentHashMap<>();
  private final ScheduledExecutorService minutes =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("models").factory());

  /** Lines for a log, by a clock in nanoseconds. */
  public ModelLog(Logger log, LongSupplier nanos) {
    this.log = log;
    lines = new TokenBuckets(LINES_A_SECOND, LINES_AT_ONCE, nanos);
    var _ = minutes.scheduleWithFixedDelay(this::tellMinute, 1, 1, TimeUnit.MINUTES);
  }

  @Override
  public void modelAdded(String model, @Nullable Supplier<ModelStatus> status) {
    if (status != null) {
      models.put(model, status);
    }
  }

  @Override
  public void modelFollowed(String model) {
    models.remove(model);
    late.remove(model);
  }

  @Override
  public void modelRemoved(String model) {
    modelFollowed(model);
  }

  @Override
  public void roundEnded(String model, RoundRecord round, Duration aggregation, Duration commit) {
    late.remove(model);
    if (lines.take(model) < 0) {
      unwritten.merge(model, 1L, Long::sum);
      return;
    }
    Duration lasted = Duration.between(round.openedAt(), round.endedAt());
    switch (round.outcome()) {
      case COMPLETED ->
          log.info(
              "model {}: round {} closed with {} updates after {} s; version {} took {} s",
              model,
              round.round(),
              round.clients().size(),
              seconds(lasted),
              round.round() + 1,
              seconds(aggregation.plus(commit)));
      case NOT_FINITE ->
          log.warn(
              "model {}: round {} would have made weights that are not finite, with {} updates{};"
                  + " version {} repeats the one before",
              model,
              round.round(),
              round.clients().size(),
              largestNorm(round),
              round.round() + 1);
      case ABANDONED ->
          log.warn(
              "model {}: round {} was abandoned after {} s, {}; version {} repeats the one before",
              model,
              round.round(),
              seconds(lasted),
              why(round),
              round.round() + 1);
      case DISCARDED ->
          log.info(
              "model {}: round {} was discarded with {} updates, for a version by hand",
              model,
              round.round(),
              round.clients().size());
    }
  }

  private static String why(RoundRecord round) {
    Decision.Abandoned why = round.abandoned();
    if (why == null || round.hadNoPlace()) {
      return "without a place for one more update";
    }
    return "at its stage %s, without %s members; the secrets of %s did not open"
        .formatted(
            why.stage(),
            Integer.toString(why.missing().size()),
            Integer.toString(why.unopened().size()));
  }

  private static String largestNorm(RoundRecord round) {
    if (!round.showsNorms()) {
      return "";
    }
    return round.clients().stream()
        .max(Comparator.comparingDouble(one -> one.summary().norm()))
        .map(one -> ", the largest norm %s by %s".formatted(one.summary().norm(), one.client()))
        .orElse("");
  }

  /** Seconds with three digits, in digits that a machine reads. */
  private static String seconds(Duration duration) {
    return Double.toString(duration.toMillis() / 1e3);
  }

  @Override
  public void deadlinePassed(String model) {
    Supplier<ModelStatus> status = models.get(model);
    if (late.add(model) && status != null) {
      ModelStatus now = status.get();
      log.warn(
          "model {}: the deadline of round {} passed with {} of {} updates; it stays open",
          model,
          now.round(),
          now.updates(),
          now.minUpdates());
    }
  }

  @Override
  public void updateAnswered(String model, String outcome, Duration duration, long bytes) {
    if (!outcome.equals(ACCEPTED) && !outcome.equals(DUPLICATE)) {
      String known = models.containsKey(model) ? model : "";
      refused.computeIfAbsent(known, _ -> new ConcurrentHashMap<>()).merge(outcome, 1L, Long::sum);
    }
  }

  /** Writes the lines about what was only counted since they were written last. */
  void tellMinute() {
    for (String model : Set.copyOf(unwritten.keySet())) {
      Long more = unwritten.remove(model);
      if (more != null) {
        log.info("model {}: {} more rounds ended", model, more);
      }
    }
    var counts = new TreeMap<String, Map<String, Long>>();
    for (String model : Set.copyOf(refused.keySet())) {
      Map<String, Long> ofModel = refused.remove(model);
      if (ofModel != null) {
        counts.put(model, ofModel);
      }
    }
    counts.entrySet().stream()
        .sorted(Comparator.comparingLong(one -> -sum(one.getValue())))
        .limit(MOST_TOLD)
        .forEach(one ->
            log.info(
                "{}: {} updates refused in a minute: {}",
                one.getKey().isEmpty() ? "models that are not here" : "model " + one.getKey(),
                sum(one.getValue()),
                byReason(one.getValue())));
    if (counts.size() > MOST_TOLD) {
      log.info("updates of {} more models were refused", counts.size() - MOST_TOLD);
    }
  }

  private static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  private static String byReason(Map<String, Long> counts) {
    return counts.entrySet().stream()
        .sorted(
            Map.Entry.<String, Long>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey()))
        .map(one -> one.getKey() + " " + one.getValue())
        .collect(joining(", "));
  }

  @Override
  public void close() {
    minutes.shutdownNow();
    tellMinute();
  }
}
