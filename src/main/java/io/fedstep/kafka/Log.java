package io.fedstep.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** The decisions as they are read. */
final class Log {
  private static final Duration POLL = Duration.ofMillis(100);

  private Log() {}

  /** Has a replica know all that was decided until now; the reader goes on from there. */
  static void readAll(
      Consumer<String, byte[]> reader, Collection<TopicPartition> partitions, Replica replica) {
    reader.assign(partitions);
    reader.seekToBeginning(partitions);
    Map<TopicPartition, Long> ends = reader.endOffsets(partitions);
    while (ends.entrySet().stream()
        .anyMatch(end -> reader.position(end.getKey()) < end.getValue())) {
      for (ConsumerRecord<String, byte[]> decision : reader.poll(POLL)) {
        replica.collect(
            decision.key(), decision.value() == null ? null : Wire.read(decision.value()));
      }
    }
    replica.load();
  }
}
