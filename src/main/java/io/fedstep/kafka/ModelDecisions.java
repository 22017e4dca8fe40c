package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.Replacement;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Decides about a model, by the keys that {@link Replica} reads. */
final class ModelDecisions {
  private final ClusterModel model;
  private final Writer writer;

  /** Where decisions are written. */
  interface Writer {
    /** Decides: it counts here at once, and elsewhere once it is written. */
    void decide(String key, @Nullable ObjectNode value);

    /** The same for what makes no difference here. */
    void write(String key, @Nullable ObjectNode value);
  }

  ModelDecisions(ClusterModel model, Writer writer) {
    this.model = model;
    this.writer = writer;
  }

  private String name() {
    return model.state().model();
  }

  private Round round() {
    return model.state().round();
  }

  void head(ModelHead next) {
    writer.decide("model/" + name(), AddedModel.decided(next, model.placement()));
  }

  /** An update enters the open round. */
  void enters(Decision.Accepted update) {
    writer.decide(key(update), RecordCodec.write(update).put("base", round().base()));
  }

  private String key(Decision.Accepted update) {
    long from = round().number() - update.staleness();
    return "update/%s/%s/%s/%s".formatted(name(), round().number(), update.client(), from);
  }

  /** What a client measured of a version that is kept. */
  void report(long version, String client, UpdateMetadata report) {
    Version of = Objects.requireNonNull(model.state().folder().version(version));
    writer.decide(
        key(version, client), RecordCodec.report(client, report).put("base", of.info().base()));
  }

  private String key(long version, String client) {
    return "report/%s/%s/%s".formatted(name(), version, client);
  }

  /** A range has come so far in the close. */
  void range(int shard, int step, boolean done) {
    writer.decide(
        key(shard), Json.object().put("base", round().base()).put("step", step).put("done", done));
  }

  private String key(int shard) {
    return "range/%s/%s".formatted(name(), shard);
  }

  /** The open round invites more clients. */
  void passed(Decision.Passed deadline) {
    ObjectNode decision = open(null);
    decision.setAll(RecordCodec.write(deadline));
    round(decision);
  }

  /** The open round is to become a version. */
  void closed(Decision.Closed closed, @Nullable JsonNode asker) {
    ObjectNode decision = open(asker);
    decision.setAll(RecordCodec.write(closed));
    round(decision);
  }

  /** The open round is to be replaced by a version that an administrator asked for. */
  void replaced(Replacement by, @Nullable JsonNode asker) {
    ObjectNode decision = open(asker);
    decision.set("replacement", CommandCodec.write(by));
    round(decision);
  }

  /** The model can do nothing, or, without a reason, goes on where it failed. */
  void failed(@Nullable Refusal reason) {
    ObjectNode decision = open(model.asker());
    Decision.Closed closed = round().closed();
    if (closed != null) {
      decision.setAll(RecordCodec.write(closed));
    }
    Replacement by = model.replacement();
    if (by != null) {
      decision.set("replacement", CommandCodec.write(by));
    }
    if (reason != null) {
      decision.set("failed", Wire.refusal(reason));
    }
    round(decision);
  }

  private ObjectNode open(@Nullable JsonNode asker) {
    ObjectNode open = AddedModel.decided(model.state().folder().newest().info(), round());
    if (asker != null) {
      open.set("asker", asker);
    }
    return open;
  }

  private void round(ObjectNode decision) {
    writer.decide("round/" + name(), decision);
  }

  /** A request waits for the version that is being made. */
  void waits(ObjectNode request) {
    Map.Entry<Long, ObjectNode> last = model.waiting().lastEntry();
    writer.decide(waiting(last == null ? 0 : last.getKey() + 1), request);
  }

  /** The requests that have waited, which do so no more. */
  List<ObjectNode> waitedEnough() {
    Map<Long, ObjectNode> waited = new TreeMap<>(model.waiting());
    waited.keySet().forEach(number -> writer.decide(waiting(number), null));
    return List.copyOf(waited.values());
  }

  private String waiting(long number) {
    return "waiting/%s/%s".formatted(name(), number);
  }

  /** The round is over; what was decided of it, and of versions that go with it, may go. */
  void next(VersionInfo made, Instant openedAt) {
    forgetUpdates();
    Map<Long, Map<String, UpdateMetadata>> reported = model.reports();
    round(AddedModel.decided(made, new Round(made.version(), made.base(), openedAt)));
    reported.forEach((version, reports) -> {
      if (!model.reports().containsKey(version)) {
        forgetReports(version, reports);
      }
    });
  }

  /** All that was decided may go. */
  void deleted() {
    forgetUpdates();
    model.reports().forEach(this::forgetReports);
    for (int shard = 0; shard < model.placement().shards(); shard++) {
      writer.write(key(shard), null);
    }
  }

  private void forgetUpdates() {
    round().inClientOrder().forEach(update -> writer.write(key(update), null));
  }

  private void forgetReports(long version, Map<String, UpdateMetadata> reports) {
    reports.keySet().forEach(client -> writer.write(key(version, client), null));
  }
}
