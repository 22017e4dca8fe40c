package io.fedstep.kafka;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.coordinator.ModelState;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.vector.Shard;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The updates for one model in one range of its coordinates, as far as their numbers are needed.
 */
final class ModelRange {
  private final RangeHost host;
  private final ClusterModel model;
  private final Shard shard;
  private final UpdateMatrix rows;
  private final long bytes;
  private final Map<String, Slice> slices = new HashMap<>();
  private final List<Admitted> admitted = new ArrayList<>();
  private @Nullable RangeClose closing;
  private int gathered;
  private long closeOffset = Long.MAX_VALUE;

  /** Where an update's numbers are, and which of Kafka's messages has the first of them. */
  private record Slice(int row, long from, long offset, JoinedCrc32c crc) {}

  private record Admitted(RangeMessage.Admitted update, long offset) {}

  ModelRange(RangeHost host, ClusterModel model, Shard shard) {
    this.host = host;
    this.model = model;
    this.shard = shard;
    rows = host.cluster().scratch().rows(model.state().spec(), shard);
    long parameters = model.state().spec().parameters();
    bytes =
        (shard.end(parameters) - shard.begin(parameters)) * model.state().spec().dtype().bytes();
  }

  String incarnation() {
    return model.incarnation();
  }

  /** The numbers of an update from some byte of the range on. */
  void add(RangeMessage.Numbers about, byte[] numbers, long offset) {
    Slice slice =
        slices.computeIfAbsent(
            about.upload(),
            _ -> new Slice(rows.allocate(), about.from(), offset, new JoinedCrc32c()));
    var content = ByteBuffer.wrap(numbers);
    slice.crc().add(about.offset(), numbers.length, Crc32c.of(content.duplicate()));
    rows.row(slice.row()).write(about.offset(), content);
  }

  /** Takes note of whose numbers are needed, and gives up those of the others. */
  void decided(RangeMessage.Verdicts verdicts, long offset) {
    verdicts.admitted().forEach(update -> admitted.add(new Admitted(update, offset)));
    verdicts.refused().forEach(this::drop);
  }

  private void drop(String upload) {
    Slice slice = slices.remove(upload);
    if (slice != null) {
      rows.release(slice.row());
    }
  }

  /**
   * Whether this process knows the round that is closed, and how, or that it is over: what a
   * transaction has in several partitions is seen in one before the others. The key of noise is in
   * the decisions alone.
   */
  boolean knows(RangeMessage.Close close) {
    RangeMessage.OfRound closed = close.round();
    Round known = model.state().round();
    return closed.number() == null // of an earlier release
        || (known.base().equals(closed.base())
            && (known.closed() != null || !close.head().spec().needsKey()))
        || known.number() > closed.number()
        || host.follower().model(model.state().model()) != model;
  }

  /** Nothing more enters: computes the range, unless that has been done. */
  void close(RangeMessage.Close close, long offset) {
    ModelState state = model.state();
    closeOffset = Math.min(closeOffset, offset);
    if (closing != null && !closing.hasFailed()) {
      return;
    }
    Round open = state.round();
    if (!open.base().equals(close.round().base())) {
      return; // read again by a process that has the range since
    }
    var round = new Round(open.number(), open.base(), open.openedAt());
    for (Admitted one : admitted) {
      Slice slice = slices.get(one.update().upload());
      Integer crc = slice == null ? null : slice.crc().of(bytes);
      if (slice == null || crc == null) {
        fail(round, one.update().update());
        return;
      }
      round.apply(local(one.update().update(), slice.row(), Crc32c.digest(crc)));
    }
    if (open.closed() != null) {
      round.apply(open.closed());
    }
    closing = new RangeClose(host, model, close.head(), shard, rows, round);
    closing.gathered(gathered);
    closing.start();
  }

  private void fail(Round round, Decision.Accepted missing) {
    Refusal refusal =
        Refusal.of(
            Problem.MODEL_FAILED,
            "Numbers of client '%s' are missing in range %s of the topic %s."
                .formatted(missing.client(), shard.index(), host.cluster().topics().chunks()));
    host.progress()
        .tell(
            model.state().model(),
            new Request.Progress(incarnation(), round.base(), shard.index(), 0, false, refusal));
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

  /** All ranges have come to that exchange. */
  void gathered(int step) {
    gathered = Math.max(gathered, step);
    if (closing != null) {
      closing.gathered(gathered);
    }
  }

  /** The version is there: nothing of the round is needed any more. */
  void done(RangeMessage.OfRound round) {
    cancel();
    gathered = 0;
    closeOffset = Long.MAX_VALUE;
    admitted.forEach(one -> drop(one.update().upload()));
    admitted.clear();
    long next = Objects.requireNonNull(round.number()) + 1;
    long oldest = next - model.state().spec().round().maxStaleness();
    List<String> late =
        slices.entrySet().stream()
            .filter(slice -> slice.getValue().from() < oldest)
            .map(Map.Entry::getKey)
            .toList();
    late.forEach(this::drop);
  }

  private void cancel() {
    if (closing != null) {
      closing.cancel();
      closing = null;
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
    cancel();
    rows.remove();
  }
}
