package io.fedstep.kafka;

import io.fedstep.coordinator.Coordinator.Missing;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;

/** Kafka, as a process of a cluster uses it. */
interface Clients extends AutoCloseable {
  /**
   * A producer that writes all or nothing; another with the same id ends it.
   *
   * @param timeout milliseconds that a transaction may be open
   */
  Producer<String, byte[]> producer(String transactionalId, int timeout);

  /** A producer of single messages. */
  Producer<String, byte[]> producer();

  /** A reader of partitions that it is told. */
  Consumer<String, byte[]> reader();

  /** A member of a group, who shares its topic's partitions with the others. */
  Consumer<String, byte[]> member(String group);

  /** Whether a group has members. */
  boolean hasMembers(String group);

  /** Lets messages before those offsets go; what fails goes with the next. */
  void deleteBefore(Map<TopicPartition, Long> offsets);

  /** A watch over the brokers of a process that follows the decisions until it is lost. */
  Watch watch(BooleanSupplier isLost);

  /** What is known of the brokers. */
  interface Watch extends AutoCloseable {
    /** What is missing, as it was a moment ago. */
    Map<String, Missing> missing();

    @Override
    void close();
  }

  @Override
  void close();
}
