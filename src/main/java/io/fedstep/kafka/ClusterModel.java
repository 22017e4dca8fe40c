package io.fedstep.kafka;

import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Replacement;
import io.fedstep.round.MetricNames;
import io.fedstep.round.Round;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.SharedDrafts;
import io.fedstep.store.Version;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/** What a process knows of a model from the decisions. */
final class ClusterModel {
  /** Behind every exchange. */
  private static final int DONE = Integer.MAX_VALUE;

  private final ModelState state;
  private final Placement placement;
  private final Map<Long, Map<String, UpdateMetadata>> reports = new ConcurrentSkipListMap<>();
  private final Map<Long, MetricNames> reportedNames = new ConcurrentSkipListMap<>();
  private final NavigableMap<Long, Request> waiting = new ConcurrentSkipListMap<>();

  /** The exchange that each range has come to, or {@link #DONE}. */
  private final int[] steps;

  /** How the open round ends, or null while it takes updates. */
  private LogEntry.@Nullable End end;

  ClusterModel(ModelState state, Placement placement) {
    this.state = state;
    this.placement = placement;
    steps = new int[placement.shards()];
  }

  ModelState state() {
    return state;
  }

  Placement placement() {
    return placement;
  }

  /** The drafts that processes share. */
  SharedDrafts drafts() {
    return state.folder().follower().drafts();
  }

  String incarnation() {
    return state.folder().head().incarnation();
  }

  /** What is to be made in place of the open round, or null. */
  @Nullable Replacement replacement() {
    return end == null ? null : end.replacement();
  }

  /** Who asked for what is being made, or null. */
  @Nullable ReplyTo replyTo() {
    return end == null ? null : end.replyTo();
  }

  /** A new round begins, of which no range has done anything; the lock is held. */
  void beginRound() {
    end = null;
    Arrays.fill(steps, 0);
  }

  /** What is decided of the open round as a whole counts. */
  void apply(LogEntry.OpenRound decided) {
    state.change(() -> {
      Round round = state.round();
      if (decided.passed() != null && round.closed() == null) {
        round.apply(decided.passed());
      }
      LogEntry.End ends = decided.end();
      if (ends != null && ends.ended() != null && round.closed() == null) {
        round.apply(ends.ended());
      }
      if (ends != null && (ends.ended() != null || ends.replacement() != null)) {
        state.closing();
        end = ends;
      }
      state.setEndedBy(ends == null ? null : ends.failed());
    });
  }

  /** Makes a detail count, and says whether it does. */
  boolean apply(LogEntry.Detail detail) {
    boolean counts = counts(detail);
    if (counts) {
      set(detail);
    }
    return counts;
  }

  /** Whether a detail is of the round, version or incarnation that is there. */
  private boolean counts(LogEntry.Detail detail) {
    return switch (detail) {
      case LogEntry.Update update -> isOpen(update.base());
      case LogEntry.Range range -> isOpen(range.base());
      case LogEntry.Report report -> {
        Version version = state.folder().version(report.version());
        yield version != null && version.info().base().equals(report.base());
      }
      case LogEntry.Waiting(_, _, var request) ->
          request.content() instanceof Request.OfModel of && of.incarnation().equals(incarnation());
      case LogEntry.Failed failed -> failed.incarnation().equals(incarnation());
      case LogEntry.Served _ -> true;
    };
  }

  private void set(LogEntry.Detail detail) {
    switch (detail) {
      case LogEntry.Update(_, _, _, var update) -> state.change(() -> state.round().apply(update));
      case LogEntry.Range(_, var index, _, var step, var isDone) -> {
        steps[index] = Math.max(steps[index], isDone ? DONE : step);
      }
      case LogEntry.Report(_, var number, _, var client, var report) ->
          report(number, client, report);
      case LogEntry.Failed(_, _, var failure) -> state.failed(failure);
      case LogEntry.Waiting(_, var number, var request) -> waiting.put(number, request);
      case LogEntry.Served(_, var number) -> waiting.remove(number);
    }
  }

  private boolean isOpen(String base) {
    return state.round().base().equals(base);
  }

  /** Whether a range has told that before. */
  boolean knows(int shard, int step, boolean isDone) {
    return steps[shard] >= (isDone ? DONE : step);
  }

  /** The exchange that all ranges have reached. */
  int step() {
    return Arrays.stream(steps).min().orElseThrow();
  }

  boolean isDone() {
    return step() == DONE;
  }

  /** Whether the version that ends the open round needs nothing more. */
  boolean canBeMade() {
    return state.isClosing()
        && (replacement() != null || state.round().abandoned() != null || isDone());
  }

  /** Requests that wait for the version that is being made, in their order. */
  NavigableMap<Long, Request> waiting() {
    return waiting;
  }

  /** How many of these are of a type. */
  long waiting(Class<? extends Request.Content> type) {
    return waiting.values().stream().filter(one -> type.isInstance(one.content())).count();
  }

  private void report(long version, String client, UpdateMetadata report) {
    MetricNames names = reportedNames.computeIfAbsent(version, _ -> new MetricNames());
    reports
        .computeIfAbsent(version, _ -> new ConcurrentHashMap<>())
        .put(client, report.with(names));
  }

  /** Forgets what was reported of versions that are kept no more. */
  void forgetReports(LongPredicate kept) {
    reports.keySet().removeIf(version -> !kept.test(version));
    reportedNames.keySet().removeIf(version -> !kept.test(version));
  }

  /** What clients reported of all versions. */
  Map<Long, Map<String, UpdateMetadata>> reports() {
    return Map.copyOf(reports);
  }

  Map<String, UpdateMetadata> reports(long version) {
    return reports.getOrDefault(version, Map.of());
  }
}
