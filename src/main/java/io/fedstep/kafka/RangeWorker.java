package io.fedstep.kafka;

import io.fedstep.vector.Shard;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * Computes one partition of the chunks: a range of the coordinates of each model that has one
 * there. What it holds comes from the partition alone, so that any process can go on with it from
 * the first message that is still needed.
 */
final class RangeWorker implements AutoCloseable {
  /** The header of a message with numbers, which says whose they are. */
  static final String CHUNK = "chunk";

  private final RangeHost host;
  private final int partition;
  private final Map<String, ModelRange> ranges = new HashMap<>();
  private long next;

  RangeWorker(RangeHost host, int partition, long position) {
    this.host = host;
    this.partition = partition;
    next = position;
  }

  /** Handles the next message. */
  void handle(ConsumerRecord<String, byte[]> message) {
    Header chunk = message.headers().lastHeader(CHUNK);
    RangeMessage content =
        RangeMessageCodec.read(MessageJson.read(chunk == null ? message.value() : chunk.value()));
    ModelRange range = range(message.key(), content.incarnation());
    if (range != null) {
      handle(range, content, message);
    }
    next = message.offset() + 1;
  }

  private void handle(
      ModelRange range, RangeMessage content, ConsumerRecord<String, byte[]> message) {
    switch (content) {
      case RangeMessage.Numbers numbers -> range.add(numbers, message.value(), message.offset());
      case RangeMessage.Verdicts verdicts -> range.decided(verdicts, message.offset());
      case RangeMessage.Close close -> {
        host.follower().catchUp(message.key());
        host.follower().await(() -> range.knows(close));
        range.close(close, message.offset());
      }
      case RangeMessage.Gathered(_, _, var step) -> range.gathered(step);
      case RangeMessage.Done(_, var round) -> range.done(round);
      case RangeMessage.Deleted _ -> {
        range.end();
        ranges.remove(message.key());
      }
    }
  }

  /** The range of a model, or null if that has been deleted. */
  private @Nullable ModelRange range(String name, String incarnation) {
    ModelRange range = ranges.get(name);
    if (range != null && range.incarnation().equals(incarnation)) {
      return range;
    }
    ClusterModel model = host.follower().model(name, incarnation);
    if (model == null) {
      return null;
    }
    if (range != null) {
      range.end();
    }
    Shard shard = model.placement().at(partition);
    var begun = new ModelRange(host, model, shard);
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

  @Override
  public void close() {
    ranges.values().forEach(ModelRange::end);
  }
}
