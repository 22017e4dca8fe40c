package io.fedstep.kafka;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.Json;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.vector.Shard;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import tools.jackson.databind.node.ObjectNode;

/**
 * An update's numbers by ranges, then its header.
 *
 * @param from the round whose weights it was computed from
 * @param spool has the numbers in a row
 * @param upload names the update among all that are sent
 * @param header tells the model's leader
 */
record Chunks(
    Topics topics,
    ClusterModel model,
    long from,
    UpdateMatrix spool,
    int row,
    String upload,
    VectorSummary content,
    ProducerRecord<String, byte[]> header)
    implements Publisher.Messages {
  private ModelSpec spec() {
    return model.state().spec();
  }

  @Override
  public long bytes() {
    return spec().vectorBytes();
  }

  @Override
  public void send(Consumer<ProducerRecord<String, byte[]>> producer) {
    Placement placement = model.placement();
    var sent = new JoinedCrc32c();
    for (int index = 0; index < placement.shards(); index++) {
      send(placement.shard(index), placement.partition(index), sent, producer);
    }
    Integer crc = sent.of(bytes());
    if (crc == null || !Crc32c.digest(crc).equals(content.digest())) {
      throw new ClusterException(
          "what was read again of an upload for %s is not what was written"
              .formatted(header.key()));
    }
    producer.accept(header);
  }

  private void send(
      Shard shard,
      int partition,
      JoinedCrc32c sent,
      Consumer<ProducerRecord<String, byte[]>> producer) {
    long parameters = spec().parameters();
    int width = spec().dtype().bytes();
    long begin = shard.begin(parameters) * width;
    long end = shard.end(parameters) * width;
    for (long at = begin; at < end; at += ClusterSettings.CHUNK) {
      byte[] numbers = new byte[(int) Math.min(ClusterSettings.CHUNK, end - at)];
      spool.read(row, at, ByteBuffer.wrap(numbers));
      sent.add(at, numbers.length, Crc32c.of(ByteBuffer.wrap(numbers)));
      ObjectNode about =
          Json.object()
              .put("incarnation", model.incarnation())
              .put("upload", upload)
              .put("from", from)
              .put("offset", at - begin);
      var headers = new RecordHeaders().add(RangeWorker.CHUNK, Wire.write(about));
      producer.accept(
          new ProducerRecord<>(
              topics.chunks(), partition, null, model.state().model(), numbers, headers));
    }
  }
}
