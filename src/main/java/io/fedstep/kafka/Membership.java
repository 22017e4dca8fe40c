package io.fedstep.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process's part in a group that shares a topic's partitions. Whatever goes wrong, it leaves the
 * group, forgets what it had, and joins again.
 */
final class Membership implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** The partitions that the process has, and what is done with their messages. */
  interface Partitions {
    /** How many it has; from any thread. */
    int count();

    /**
     * A partition is this process's from here on; waking the consumer has {@link #handle} called
     * soon, without messages.
     */
    void assigned(int partition, Consumer<String, byte[]> consumer);

    /** A partition is another's from here on. */
    void revoked(int partition);

    /** Messages of its partitions, or none. */
    void handle(ConsumerRecords<String, byte[]> messages, Consumer<String, byte[]> consumer);
  }

  private final Cluster cluster;
  private final String group;
  private final String topic;
  private final Partitions owned;
  private final Set<Integer> held = new HashSet<>();
  private final Thread thread;
  private volatile Consumer<String, byte[]> consumer;
  private volatile long lag;
  private volatile boolean closed;

  Membership(Cluster cluster, String group, String topic, Partitions partitions) {
    this.cluster = cluster;
    this.group = group;
    this.topic = topic;
    owned = partitions;
    consumer = cluster.clients().member(group);
    thread = cluster.engine().thread(group, this::run);
  }

  void start() {
    thread.start();
  }

  private void run() {
    while (!closed) {
      try {
        consumer.subscribe(List.of(topic), new Listener());
        while (!closed) {
          ConsumerRecords<String, byte[]> messages = poll();
          lag = messages.count() + lag(consumer);
          owned.handle(messages, consumer);
        }
      } catch (RuntimeException e) {
        LOG.warn("{}: begins again after a failure", group, e);
      } finally {
        Set.copyOf(held).forEach(this::end);
        lag = 0;
        consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
      }
      if (!closed) {
        cluster.engine().pause(PAUSE);
        consumer = cluster.clients().member(group);
      }
    }
  }

  /** Messages that a consumer has still to fetch, as far as it knows; on its thread. */
  static long lag(Consumer<String, byte[]> consumer) {
    return consumer.assignment().stream()
        .mapToLong(partition -> consumer.currentLag(partition).orElse(0))
        .sum();
  }

  /** Messages of the process's partitions that it had not taken when it last asked for some. */
  long lag() {
    return lag;
  }

  /** How many partitions the process has. */
  int count() {
    return owned.count();
  }

  private ConsumerRecords<String, byte[]> poll() {
    try {
      return consumer.poll(POLL);
    } catch (WakeupException e) {
      return ConsumerRecords.empty();
    }
  }

  private void end(int partition) {
    if (held.remove(partition)) {
      owned.revoked(partition);
    }
  }

  private final class Listener implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) {
        LOG.info("{}: takes {} over", group, partitions);
      }
      for (TopicPartition partition : partitions) {
        owned.assigned(partition.partition(), consumer);
        held.add(partition.partition());
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) {
        LOG.info("{}: gives {} up", group, partitions);
      }
      partitions.forEach(partition -> end(partition.partition()));
    }
  }

  /** Gives up what it has, and takes no more. */
  void leave() {
    closed = true;
    consumer.wakeup();
  }

  @Override
  public void close() {
    leave();
    Monitor.join(thread);
  }
}
