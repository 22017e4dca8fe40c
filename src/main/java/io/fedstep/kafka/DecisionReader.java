package io.fedstep.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Reads the decisions that were written until now. */
final class DecisionReader {
  private static final Duration POLL = Duration.ofMillis(100);

  private DecisionReader() {}

  /**
   * Has a replica know all that was decided until now; the reader goes on from there. What is
   * compacted meanwhile is missing before the end that was found first, and is there behind it.
   */
  static void readAll(
      Consumer<String, byte[]> reader, Collection<TopicPartition> partitions, Replica replica) {
    reader.assign(partitions);
    reader.seekToBeginning(partitions);
    Map<TopicPartition, Long> ends = reader.endOffsets(partitions);
    while (isBefore(ends, reader)) {
      while (isBefore(ends, reader)) {
        for (ConsumerRecord<String, byte[]> decision : reader.poll(POLL)) {
          replica.collect(
              decision.key(), decision.value() == null ? null : MessageJson.read(decision.value()));
        }
      }
      ends = reader.endOffsets(partitions);
    }
    replica.load();
  }

  private static boolean isBefore(Map<TopicPartition, Long> ends, Consumer<String, byte[]> reader) {
    return ends.entrySet().stream().anyMatch(end -> reader.position(end.getKey()) < end.getValue());
  }
}
