package io.fedstep.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * How the brokers are reached, and what the cluster's topics look like.
 *
 * @param brokers some of them, {@code host:port,host:port}
 * @param prefix that the names of topics, groups and transactions begin with
 * @param partitions of each topic
 * @param replication of each topic
 * @param sessionTimeout in which others go on with the parts of a process that has died: a part of
 *     it passes before it is missed, or its open transactions are given up, the rest is for the
 *     others to begin
 * @param instance the name of this process, for people
 * @param client further configuration of Kafka's clients, by name: how they identify themselves
 */
public record ClusterSettings(
    String brokers,
    String prefix,
    int partitions,
    int replication,
    Duration sessionTimeout,
    String instance,
    Map<String, String> client) {
  /** Bytes of an upload that go together; whole tiles of any dtype. */
  static final int CHUNK = 1 << 20;

  /** The most bytes of a message: a chunk, or a model's head. */
  static final int MESSAGE = 4 << 20;

  /** Bytes a millisecond of a slow network. */
  private static final long SLOW = 20_000;

  /** Milliseconds, which is Kafka's own limit. */
  private static final int LONGEST_TRANSACTION = 900_000;

  /** In which a decision is made of a request, twice the time in which a leader is replaced. */
  Duration patience() {
    return sessionTimeout.multipliedBy(2).plusSeconds(10);
  }

  /** After which a process that says nothing is missed. */
  int missedMillis() {
    return (int) sessionTimeout.toMillis() * 6 / 10;
  }

  /** The longest that transactions of so many bytes may be open, on a slow network too. */
  int transactionMillis(long bytes) {
    return (int) Math.clamp(bytes / SLOW, sessionTimeout.toMillis() / 2, LONGEST_TRANSACTION);
  }

  /** How many replicas have a message before it counts. */
  int inSync() {
    return Math.max(1, replication - 1);
  }

  private Map<String, Object> common() {
    var all = new HashMap<String, Object>(client);
    all.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, brokers);
    all.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, (int) sessionTimeout.toMillis());
    return all;
  }

  Admin admin() {
    return Admin.create(common());
  }

  /** One that gives up so soon, whatever else time-outs are. */
  Admin admin(int millis) {
    Map<String, Object> all = common();
    all.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, millis / 2);
    all.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, millis);
    return Admin.create(all);
  }

  /** A producer that writes all or nothing, in that time; another with the same id ends it. */
  Producer<String, byte[]> producer(String transactionalId, int timeout) {
    Map<String, Object> all = common();
    all.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, prefix + "-" + transactionalId);
    all.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, timeout);
    return producer(all);
  }

  /** A producer of single messages. */
  Producer<String, byte[]> producer() {
    return producer(common());
  }

  private Producer<String, byte[]> producer(Map<String, Object> all) {
    all.put(ProducerConfig.ACKS_CONFIG, "all");
    all.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    all.put(ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
    all.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 16L << 20);
    all.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MESSAGE);
    all.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) sessionTimeout.toMillis() / 2);
    all.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) sessionTimeout.toMillis());
    all.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, sessionTimeout.toMillis());
    return new KafkaProducer<>(all, new StringSerializer(), new ByteArraySerializer());
  }

  /** A reader of partitions that it is told. */
  Consumer<String, byte[]> reader() {
    return consumer(common());
  }

  /** The name of a group. */
  String group(String what) {
    return prefix + "-" + what;
  }

  /** A member of a group, who shares its topic's partitions with the others. */
  Consumer<String, byte[]> member(String group) {
    Map<String, Object> all = common();
    all.put(ConsumerConfig.GROUP_ID_CONFIG, group(group));
    all.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, missedMillis());
    all.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, Math.max(1, missedMillis() / 10));
    all.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    return consumer(all);
  }

  private static Consumer<String, byte[]> consumer(Map<String, Object> all) {
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    all.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 2 * CHUNK);
    all.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 16 * CHUNK);
    all.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 100);
    return new KafkaConsumer<>(all, new StringDeserializer(), new ByteArrayDeserializer());
  }
}
