package io.fedstep.kafka;

import io.fedstep.vector.Shard;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Computes one partition of the chunks: a range of the coordinates of each model that has one
 * there. What it holds comes from the partition alone, so that any process can go on with it from
 * the first message that is still needed.
 */
final class RangeWorker implements AutoCloseable {
  /** The header of a message with numbers, which says whose they are. */
  static final String CHUNK = "chunk";

  private final Cluster cluster;
  private final int partition;
  private final Map<String, ModelRange> ranges = new HashMap<>();
  private long next;

  RangeWorker(Cluster cluster, int partition, long position) {
    this.cluster = cluster;
    this.partition = partition;
    next = position;
  }

  /** Takes the next message. */
  void take(ConsumerRecord<String, byte[]> message) {
    Header chunk = message.headers().lastHeader(CHUNK);
    ObjectNode content = Wire.read(chunk == null ? message.value() : chunk.value());
    ModelRange range = range(message.key(), Wire.text(content, "incarnation"));
    if (range != null) {
      if (chunk != null) {
        range.chunk(content, message.value(), message.offset());
      } else {
        take(range, message.key(), content, message.offset());
      }
    }
    next = message.offset() + 1;
  }

  private void take(ModelRange range, String model, ObjectNode content, long offset) {
    String kind = Wire.text(content, "kind");
    switch (kind) {
      case "verdicts" -> range.verdicts(content, offset);
      case "close" -> {
        cluster.catchUp(model);
        cluster.follower().await(() -> range.knows(content));
        range.close(content, offset);
      }
      case "gathered" -> range.gathered(content.required("step").intValue());
      case "done" -> range.done(content);
      case "deleted" -> {
        range.end();
        ranges.remove(model);
      }
      default -> throw new ClusterException("a message of the kind " + kind);
    }
  }

  /** The range of a model, or null if that has been deleted. */
  private @Nullable ModelRange range(String name, String incarnation) {
    ModelRange range = ranges.get(name);
    if (range != null && range.incarnation().equals(incarnation)) {
      return range;
    }
    ClusterModel model = cluster.model(name, incarnation);
    if (model == null) {
      return null;
    }
    if (range != null) {
      range.end();
    }
    Shard shard = model.placement().at(partition);
    var begun = new ModelRange(cluster, model, shard);
    ranges.put(name, begun);
    return begun;
  }

  /** The first message that another process would need to go on from here. */
  long needed() {
    return ranges.values().stream().mapToLong(ModelRange::needed).reduce(next, Math::min);
  }

  /** How many messages those are, from there to the newest that was taken. */
  long held() {
    return next - needed();
  }

  Collection<ModelRange> ranges() {
    return ranges.values();
  }

  @Override
  public void close() {
    ranges.values().forEach(ModelRange::end);
  }
}
