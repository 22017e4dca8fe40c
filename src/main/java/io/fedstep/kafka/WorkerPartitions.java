package io.fedstep.kafka;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** The partitions of the chunks whose ranges this process computes. */
final class WorkerPartitions implements Membership.Partitions {
  private static final long COMMIT_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final RangeHost host;
  private final Cluster cluster;
  private final Map<Integer, RangeWorker> workers = new ConcurrentHashMap<>();
  private final Map<Integer, Long> committed = new HashMap<>();
  private volatile long held;
  private long lastCommit;

  WorkerPartitions(RangeHost host) {
    this.host = host;
    cluster = host.cluster();
    lastCommit = cluster.engine().nanos();
  }

  private TopicPartition at(int partition) {
    return new TopicPartition(cluster.topics().chunks(), partition);
  }

  @Override
  public void assigned(int partition, Consumer<String, byte[]> consumer) {
    long position = consumer.position(at(partition));
    workers.put(partition, new RangeWorker(host, partition, position));
    committed.put(partition, position);
    cluster.meters().computes();
  }

  @Override
  public void revoked(int partition) {
    RangeWorker worker = workers.remove(partition);
    if (worker != null) {
      worker.close();
    }
  }

  @Override
  public void handle(ConsumerRecords<String, byte[]> messages, Consumer<String, byte[]> consumer) {
    for (ConsumerRecord<String, byte[]> message : messages) {
      RangeWorker worker = workers.get(message.partition());
      if (worker != null) {
        worker.handle(message);
      }
    }
    long now = cluster.engine().nanos();
    if (now - lastCommit > COMMIT_NANOS) {
      lastCommit = now;
      commit(consumer);
    }
  }

  /** Says from where another process would go on, and lets Kafka remove what lies before. */
  private void commit(Consumer<String, byte[]> consumer) {
    var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
    held = workers.values().stream().mapToLong(RangeWorker::held).sum();
    workers.forEach((partition, worker) -> {
      long needed = worker.needed();
      if (needed > committed.getOrDefault(partition, 0L)) {
        offsets.put(at(partition), new OffsetAndMetadata(needed));
      }
    });
    if (!offsets.isEmpty()) {
      consumer.commitAsync(
          offsets,
          (said, failure) -> {
            if (failure == null) { // else the next time will do
              committed(said);
            }
          });
    }
  }

  private void committed(Map<TopicPartition, OffsetAndMetadata> said) {
    var needed = new HashMap<TopicPartition, Long>();
    said.forEach((partition, next) -> {
      committed.put(partition.partition(), next.offset());
      needed.put(partition, next.offset());
    });
    cluster.clients().deleteBefore(needed);
  }

  @Override
  public int count() {
    return workers.size();
  }

  /** Messages that it has taken and that another would need to go on. */
  long held() {
    return held;
  }
}
