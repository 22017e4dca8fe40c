package io.fedstep.kafka;

import io.fedstep.coordinator.Engine;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Kafka's own clients. */
final class KafkaClients implements Clients {
  /** Milliseconds in which a broker that is there answers. */
  private static final int SOON = 5000;

  private final ClusterSettings settings;
  private final Topics topics;
  private final Engine engine;
  private final Admin admin;

  /**
   * Connects, and makes the topics that are missing.
   *
   * @throws ClusterException if the brokers or the topics are not as they have to be
   */
  KafkaClients(ClusterSettings settings, Engine engine) {
    this.settings = settings;
    this.engine = engine;
    topics = new Topics(settings);
    try {
      admin = Admin.create(common());
    } catch (KafkaException e) { // an address that is none, or other settings of the clients
      throw new ClusterException("Kafka's clients cannot start: " + deepest(e).getMessage(), e);
    }
    try {
      new TopicSetup(settings).ensure(admin);
    } catch (RuntimeException e) {
      admin.close(Duration.ZERO);
      throw e;
    }
  }

  private static Throwable deepest(Throwable failure) {
    Throwable cause = failure.getCause();
    return cause == null ? failure : deepest(cause);
  }

  private Map<String, Object> common() {
    var all = new HashMap<String, Object>(settings.client());
    all.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, settings.brokers());
    all.put(
        CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, (int) settings.sessionTimeout().toMillis());
    return all;
  }

  /** An admin client that gives up so soon, whatever else time-outs are. */
  private Admin admin(int millis) {
    Map<String, Object> all = common();
    all.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, millis / 2);
    all.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, millis);
    return Admin.create(all);
  }

  @Override
  public Producer<String, byte[]> producer(String transactionalId, int timeout) {
    Map<String, Object> all = common();
    all.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, settings.prefix() + "-" + transactionalId);
    all.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, timeout);
    return producer(all);
  }

  @Override
  public Producer<String, byte[]> producer() {
    return producer(common());
  }

  private Producer<String, byte[]> producer(Map<String, Object> all) {
    all.put(ProducerConfig.ACKS_CONFIG, "all");
    all.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    all.put(ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
    all.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 16L << 20);
    all.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, ClusterSettings.MESSAGE);
    all.put(
        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) settings.sessionTimeout().toMillis() / 2);
    all.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) settings.sessionTimeout().toMillis());
    all.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, settings.sessionTimeout().toMillis());
    return new KafkaProducer<>(all, new StringSerializer(), new ByteArraySerializer());
  }

  @Override
  public Consumer<String, byte[]> reader() {
    return consumer(common());
  }

  @Override
  public Consumer<String, byte[]> member(String group) {
    Map<String, Object> all = common();
    all.put(ConsumerConfig.GROUP_ID_CONFIG, settings.group(group));
    all.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, settings.missedMillis());
    all.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, Math.max(1, settings.missedMillis() / 10));
    all.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    return consumer(all);
  }

  private static Consumer<String, byte[]> consumer(Map<String, Object> all) {
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    all.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 2 * ClusterSettings.CHUNK);
    all.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 16 * ClusterSettings.CHUNK);
    all.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 100);
    return new KafkaConsumer<>(all, new StringDeserializer(), new ByteArrayDeserializer());
  }

  @Override
  public boolean hasMembers(String group) {
    String name = settings.group(group);
    KafkaFuture<Boolean> found =
        Objects.requireNonNull(
                admin.describeConsumerGroups(List.of(name)).describedGroups().get(name))
            .thenApply(description -> !description.members().isEmpty());
    try {
      return BrokerAnswers.wait(found);
    } catch (ClusterException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public void deleteBefore(Map<TopicPartition, Long> offsets) {
    var before = new HashMap<TopicPartition, RecordsToDelete>();
    offsets.forEach(
        (partition, offset) -> before.put(partition, RecordsToDelete.beforeOffset(offset)));
    var _ = admin.deleteRecords(before);
  }

  @Override
  public Watch watch(BooleanSupplier isLost) {
    return new BrokerWatch(settings, topics, admin(SOON), engine, isLost);
  }

  @Override
  public void close() {
    admin.close(Duration.ZERO);
  }
}
