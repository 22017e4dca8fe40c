package io.fedstep.kafka;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.ModelState;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.ModelHead;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.vector.Shard;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The updates for one model in one range of its coordinates, as far as their numbers are needed.
 */
final class ModelRange {
  private final Cluster cluster;
  private final ClusterModel model;
  private final Shard shard;
  private final UpdateMatrix rows;
  private final long bytes;
  private final Map<String, Slice> slices = new HashMap<>();
  private final List<Admitted> admitted = new ArrayList<>();
  private @Nullable RangeFold fold;
  private int gathered;
  private long closeOffset = Long.MAX_VALUE;

  /** Where an update's numbers are, and which of Kafka's messages has the first of them. */
  private record Slice(int row, long from, long offset, JoinedCrc32c crc) {}

  private record Admitted(String upload, Decision.Accepted update, long offset) {}

  ModelRange(Cluster cluster, ClusterModel model, Shard shard) {
    this.cluster = cluster;
    this.model = model;
    this.shard = shard;
    rows = cluster.scratch().rows(model.state().spec(), shard);
    long parameters = model.state().spec().parameters();
    bytes =
        (shard.end(parameters) - shard.begin(parameters)) * model.state().spec().dtype().bytes();
  }

  String incarnation() {
    return model.incarnation();
  }

  /** The numbers of an update from some byte of the range on. */
  void chunk(ObjectNode chunk, byte[] numbers, long offset) {
    Slice slice =
        slices.computeIfAbsent(
            Wire.text(chunk, "upload"),
            _ ->
                new Slice(
                    rows.allocate(),
                    chunk.required("from").longValue(),
                    offset,
                    new JoinedCrc32c()));
    long at = chunk.required("offset").longValue();
    var content = ByteBuffer.wrap(numbers);
    slice.crc().add(at, numbers.length, Crc32c.of(content.duplicate()));
    rows.row(slice.row()).write(at, content);
  }

  /** Takes note of whose numbers are needed, and gives up those of the others. */
  void verdicts(ObjectNode verdicts, long offset) {
    for (JsonNode update : verdicts.required("admitted")) {
      ObjectNode accepted = Json.object();
      accepted.set("accepted", update.required("accepted"));
      admitted.add(
          new Admitted(
              Wire.text(update, "upload"),
              (Decision.Accepted) RecordCodec.readDecision(accepted),
              offset));
    }
    verdicts.required("refused").forEach(upload -> drop(Json.text(upload)));
  }

  private void drop(String upload) {
    Slice slice = slices.remove(upload);
    if (slice != null) {
      rows.release(slice.row());
    }
  }

  /**
   * Whether this process knows the round that is closed, or that it is over: what a transaction has
   * in several partitions is seen in one before the others.
   */
  boolean knows(ObjectNode close) {
    Round known = model.state().round();
    Long number = Wire.number(close, "round");
    return number == null // of an earlier release
        || known.base().equals(Wire.text(close, "base"))
        || known.number() > number
        || cluster.follower().model(model.state().model()) != model;
  }

  /** Nothing more enters: computes the range, unless that has been done. */
  void close(ObjectNode close, long offset) {
    ModelState state = model.state();
    closeOffset = Math.min(closeOffset, offset);
    if (fold != null && !fold.hasFailed()) {
      return;
    }
    if (!state.round().base().equals(Wire.text(close, "base"))) {
      return; // read again by a process that has the range since
    }
    var round = new Round(state.round().number(), state.round().base(), state.round().openedAt());
    for (Admitted one : admitted) {
      Slice slice = slices.get(one.upload());
      Integer crc = slice == null ? null : slice.crc().of(bytes);
      if (slice == null || crc == null) {
        cluster.tell(model.state().model(), missing(one));
        return;
      }
      round.apply(local(one.update(), slice.row(), Crc32c.digest(crc)));
    }
    ModelHead head = ModelHead.of((ObjectNode) close.required("head"));
    fold = new RangeFold(cluster, state, head, shard, rows, round.inClientOrder());
    fold.gathered(gathered);
    fold.start();
  }

  private static Decision.Accepted local(Decision.Accepted update, int row, String digest) {
    return new Decision.Accepted(
        update.client(),
        row,
        update.weight(),
        update.metrics(),
        new VectorSummary(digest, update.summary().norm()),
        update.receivedAt(),
        update.updates(),
        update.staleness());
  }

  private ObjectNode missing(Admitted update) {
    ObjectNode message =
        Json.object()
            .put("kind", "range")
            .put("incarnation", incarnation())
            .put("base", model.state().round().base())
            .put("index", shard.index())
            .put("step", 0)
            .put("done", false);
    message.set(
        "failed",
        Wire.refusal(
            Refusal.of(
                Problem.MODEL_FAILED,
                "Numbers of client '%s' are missing in range %s of the topic %s."
                    .formatted(
                        update.update().client(), shard.index(), cluster.topics().chunks()))));
    return message;
  }

  void gathered(int step) {
    gathered = Math.max(gathered, step);
    if (fold != null) {
      fold.gathered(gathered);
    }
  }

  /** The version is there: nothing of the round is needed any more. */
  void done(ObjectNode done) {
    giveUp();
    gathered = 0;
    closeOffset = Long.MAX_VALUE;
    admitted.forEach(one -> drop(one.upload()));
    admitted.clear();
    long oldest =
        done.required("round").longValue() + 1 - model.state().spec().round().maxStaleness();
    List<String> late =
        slices.entrySet().stream()
            .filter(slice -> slice.getValue().from() < oldest)
            .map(Map.Entry::getKey)
            .toList();
    late.forEach(this::drop);
  }

  private void giveUp() {
    if (fold != null) {
      fold.giveUp();
      fold = null;
    }
  }

  /** The first of Kafka's messages that another process would need to go on from here. */
  long needed() {
    long least = closeOffset;
    for (Slice slice : slices.values()) {
      least = Math.min(least, slice.offset());
    }
    for (Admitted one : admitted) {
      least = Math.min(least, one.offset());
    }
    return least;
  }

  /** The range belongs to another process from now on. */
  void end() {
    giveUp();
    rows.remove();
  }
}
