package io.fedstep.kafka;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.model.ModelSpec;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.vector.Shard;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * The messages of one update: its numbers by ranges, then its header.
 *
 * @param spool has the numbers in a row
 * @param header tells the model's leader of the update
 */
record UpdateMessages(
    Topics topics,
    ModelSpec spec,
    Request.Update update,
    UpdateMatrix spool,
    int row,
    ProducerRecord<String, byte[]> header)
    implements Publisher.Messages {
  @Override
  public long bytes() {
    return spec.vectorBytes();
  }

  @Override
  public void send(Consumer<ProducerRecord<String, byte[]>> producer) {
    Placement placement = update.placement();
    var sent = new JoinedCrc32c();
    for (int index = 0; index < placement.shards(); index++) {
      send(placement.shard(index), placement.partition(index), sent, producer);
    }
    Integer crc = sent.of(bytes());
    if (crc == null || !Crc32c.digest(crc).equals(update.content().digest())) {
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
    long parameters = spec.parameters();
    int width = spec.dtype().bytes();
    long begin = shard.begin(parameters) * width;
    long end = shard.end(parameters) * width;
    for (long at = begin; at < end; at += ClusterSettings.CHUNK) {
      byte[] numbers = new byte[(int) Math.min(ClusterSettings.CHUNK, end - at)];
      spool.read(row, at, ByteBuffer.wrap(numbers));
      sent.add(at, numbers.length, Crc32c.of(ByteBuffer.wrap(numbers)));
      var about =
          new RangeMessage.Numbers(
              update.incarnation(), update.upload(), update.from(), at - begin);
      byte[] json = MessageJson.write(RangeMessageCodec.write(about));
      var headers = new RecordHeaders().add(RangeWorker.CHUNK, json);
      producer.accept(
          new ProducerRecord<>(topics.chunks(), partition, null, header.key(), numbers, headers));
    }
  }
}
