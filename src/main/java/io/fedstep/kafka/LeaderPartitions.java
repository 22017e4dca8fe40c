package io.fedstep.kafka;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;

/** The partitions of the requests that this process leads. */
final class LeaderPartitions implements Membership.Partitions {
  private final Cluster cluster;
  private final LedModels led;
  private final Map<Integer, Leader> leaders = new ConcurrentHashMap<>();

  /** Leads; {@code led} is told of which partitions. */
  LeaderPartitions(Cluster cluster, LedModels led) {
    this.cluster = cluster;
    this.led = led;
  }

  @Override
  public void assigned(int partition, Consumer<String, byte[]> consumer) {
    leaders.put(partition, new Leader(cluster, partition, consumer::wakeup));
    led.leads(partition, true);
    cluster.meters().leads();
  }

  @Override
  public void revoked(int partition) {
    Leader leader = leaders.remove(partition);
    if (leader != null) {
      led.leads(partition, false);
      leader.close();
    }
  }

  @Override
  public void handle(ConsumerRecords<String, byte[]> requests, Consumer<String, byte[]> consumer) {
    ConsumerGroupMetadata group = consumer.groupMetadata();
    var running = new ArrayList<CompletableFuture<Void>>();
    leaders.forEach((partition, leader) -> {
      List<ConsumerRecord<String, byte[]>> own =
          requests.records(new TopicPartition(cluster.topics().requests(), partition));
      if (!own.isEmpty() || leader.hasEvents()) {
        running.add(
            CompletableFuture.runAsync(() -> leader.run(own, group), cluster.engine()::startLong));
      }
    });
    CompletableFuture.allOf(running.toArray(CompletableFuture<?>[]::new)).join();
  }

  @Override
  public int count() {
    return leaders.size();
  }
}
