package io.fedstep.kafka;

import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Replacement;
import io.fedstep.round.MetricNames;
import io.fedstep.round.UpdateMetadata;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a process knows of a model from the decisions. */
final class ClusterModel {
  private final ModelState state;
  private final Placement placement;
  private final Map<Long, Map<String, UpdateMetadata>> reports = new ConcurrentSkipListMap<>();
  private final Map<Long, MetricNames> reportedNames = new ConcurrentSkipListMap<>();
  private final NavigableMap<Long, ObjectNode> waiting = new ConcurrentSkipListMap<>();
  private final int[] steps;
  private final boolean[] done;

  /** What is to be made in place of the open round, or null. */
  private @Nullable Replacement replacement;

  /** Who asked for what is being made, or null. */
  private @Nullable JsonNode asker;

  ClusterModel(ModelState state, Placement placement) {
    this.state = state;
    this.placement = placement;
    steps = new int[placement.shards()];
    done = new boolean[placement.shards()];
  }

  ModelState state() {
    return state;
  }

  Placement placement() {
    return placement;
  }

  String incarnation() {
    return state.folder().head().incarnation();
  }

  /** The open round is being made a version, because of what an administrator asked for. */
  void making(@Nullable Replacement replacement, @Nullable JsonNode asker) {
    this.replacement = replacement;
    this.asker = asker;
  }

  @Nullable Replacement replacement() {
    return replacement;
  }

  @Nullable JsonNode asker() {
    return asker;
  }

  /** A new round begins: no range has done anything for it. */
  void beginRound() {
    making(null, null);
    for (int i = 0; i < steps.length; i++) {
      steps[i] = 0;
      done[i] = false;
    }
  }

  /** A range has come so far in the close. */
  void came(int shard, int step, boolean isDone) {
    steps[shard] = Math.max(steps[shard], step);
    done[shard] |= isDone;
  }

  /** Whether a range has told that before. */
  boolean knows(int shard, int step, boolean isDone) {
    return isDone ? done[shard] : done[shard] || steps[shard] >= step;
  }

  /** The exchange that all ranges have reached. */
  int step() {
    int least = Integer.MAX_VALUE;
    for (int i = 0; i < steps.length; i++) {
      least = Math.min(least, done[i] ? Integer.MAX_VALUE : steps[i]);
    }
    return least;
  }

  boolean isDone() {
    return step() == Integer.MAX_VALUE;
  }

  /** Requests that wait for the version that is being made, in their order. */
  NavigableMap<Long, ObjectNode> waiting() {
    return waiting;
  }

  void report(long version, String client, UpdateMetadata report) {
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
