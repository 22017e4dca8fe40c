package io.fedstep.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the topics of a cluster at the first start, and checks them at every one. */
final class TopicSetup {
  private static final Logger LOG = LoggerFactory.getLogger(TopicSetup.class);

  /** What an administrator may have changed, or an earlier release has not asked for. */
  private static final Set<String> FREE =
      Set.of(TopicConfig.SEGMENT_BYTES_CONFIG, TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG);

  private final ClusterSettings settings;
  private final Topics topics;

  TopicSetup(ClusterSettings settings) {
    this.settings = settings;
    topics = new Topics(settings);
  }

  /**
   * Makes the topics that are missing, once there are enough brokers for them, and checks the
   * others.
   *
   * @throws ClusterException if a topic or the cluster cannot hold what is asked for
   */
  void ensure(Admin admin) {
    String said = "";
    for (List<NewTopic> missing = missing(admin); !missing.isEmpty(); missing = missing(admin)) {
      String lacking = make(admin, missing);
      if (lacking != null && !lacking.equals(said)) {
        LOG.warn(
            "waits to make the topics {}: {}",
            missing.stream().map(NewTopic::name).toList(),
            lacking);
        said = lacking;
      }
      BrokerAnswers.pause();
    }
    wanted().forEach(topic -> checkSoon(admin, topic));
    checkBrokers(admin);
  }

  private List<NewTopic> missing(Admin admin) {
    Set<String> there = BrokerAnswers.wait(admin.listTopics().names());
    return wanted().stream().filter(topic -> !there.contains(topic.name())).toList();
  }

  /** Asks for topics; what the cluster lacks for them, or null. */
  private @Nullable String make(Admin admin, List<NewTopic> missing) {
    int brokers = BrokerAnswers.wait(admin.describeCluster().nodes()).size();
    if (brokers < settings.replication()) {
      return "there are %s brokers at %s; fedstep.kafka.replication asks for %s"
          .formatted(brokers, settings.brokers(), settings.replication());
    }
    try {
      BrokerAnswers.wait(admin.createTopics(missing).all());
      return null;
    } catch (ClusterException e) {
      return switch (e.getCause()) {
        case TopicExistsException _ -> null; // another process was faster
        case InvalidReplicationFactorException why -> why.getMessage(); // a broker went
        case RetriableException why -> why.getMessage();
        case null, default -> throw e;
      };
    }
  }

  /** Some broker may know only a moment later of a topic that was just made. */
  private void checkSoon(Admin admin, NewTopic wanted) {
    long end = System.nanoTime() + settings.patience().toNanos();
    while (true) {
      try {
        check(admin, wanted);
        return;
      } catch (ClusterException e) {
        boolean isUnknown = e.getCause() instanceof UnknownTopicOrPartitionException;
        if (!isUnknown || System.nanoTime() - end > 0) {
          throw e;
        }
        BrokerAnswers.pause();
      }
    }
  }

  /** What holds for all groups and transactions, as one of the brokers says. */
  private void checkBrokers(Admin admin) {
    Config config = brokerConfig(admin);
    long least = number(config, "group.min.session.timeout.ms");
    if (least > settings.missedMillis()) {
      throw new ClusterException(
          "the brokers' group.min.session.timeout.ms is %s; fedstep.kafka.session-timeout has to be"
                  .formatted(least)
              + " 10/6 of that, or this less");
    }
    for (String replication :
        List.of("offsets.topic.replication.factor", "transaction.state.log.replication.factor")) {
      if (number(config, replication) < settings.replication()) {
        throw new ClusterException(
            "the brokers' %s is %s; fedstep.kafka.replication asks for %s"
                .formatted(replication, number(config, replication), settings.replication()));
      }
    }
  }

  private Config brokerConfig(Admin admin) {
    List<Node> brokers = List.copyOf(BrokerAnswers.wait(admin.describeCluster().nodes()));
    for (Node broker : brokers.subList(0, brokers.size() - 1)) {
      try {
        return config(admin, ConfigResource.Type.BROKER, broker.idString());
      } catch (ClusterException e) {
        if (!(e.getCause() instanceof TimeoutException)) { // a broker that just died
          throw e;
        }
      }
    }
    return config(admin, ConfigResource.Type.BROKER, brokers.getLast().idString());
  }

  private static long number(Config config, String name) {
    return Long.parseLong(config.get(name).value());
  }

  private Config config(Admin admin, ConfigResource.Type type, String name) {
    var of = new ConfigResource(type, name);
    var soon = new DescribeConfigsOptions().timeoutMs((int) settings.sessionTimeout().toMillis());
    return BrokerAnswers.wait(
        Objects.requireNonNull(admin.describeConfigs(List.of(of), soon).values().get(of)));
  }

  private List<NewTopic> wanted() {
    return List.of(
        topic(topics.requests(), Map.of(TopicConfig.RETENTION_MS_CONFIG, "86400000")),
        topic(
            topics.decisions(),
            Map.of(
                TopicConfig.CLEANUP_POLICY_CONFIG,
                TopicConfig.CLEANUP_POLICY_COMPACT,
                TopicConfig.SEGMENT_BYTES_CONFIG,
                Integer.toString(64 << 20),
                TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG, // so long the keys of noise stay
                Long.toString(Duration.ofHours(1).toMillis()))),
        topic(
            topics.chunks(), // purged by the workers, up to where the oldest open round begins
            Map.of(
                TopicConfig.RETENTION_MS_CONFIG, "-1", TopicConfig.RETENTION_BYTES_CONFIG, "-1")));
  }

  private NewTopic topic(String name, Map<String, String> config) {
    var all = new HashMap<>(config);
    all.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(ClusterSettings.MESSAGE));
    all.put(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, Integer.toString(settings.inSync()));
    all.put(TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG, "false");
    return new NewTopic(name, settings.partitions(), (short) settings.replication()).configs(all);
  }

  private void check(Admin admin, NewTopic wanted) {
    TopicDescription found =
        BrokerAnswers.wait(
            Objects.requireNonNull(
                admin.describeTopics(List.of(wanted.name())).topicNameValues().get(wanted.name())));
    if (found.partitions().size() != wanted.numPartitions()) {
      throw new ClusterException(
          "the topic %s has %s partitions, which stay as they were made, and fedstep.kafka.partitions"
                  .formatted(wanted.name(), found.partitions().size())
              + " is %s: give this process %s, or another fedstep.kafka.prefix for a new cluster"
                  .formatted(wanted.numPartitions(), found.partitions().size()));
    }
    int replication = found.partitions().getFirst().replicas().size();
    if (replication < wanted.replicationFactor()) {
      throw new ClusterException(
          "the topic %s has %s replicas of each partition, and fedstep.kafka.replication is %s: give"
                  .formatted(wanted.name(), replication, wanted.replicationFactor())
              + " this process %s, or the topics more replicas (kafka-reassign-partitions.sh)"
                  .formatted(replication));
    }
    Config config = config(admin, ConfigResource.Type.TOPIC, wanted.name());
    wanted
        .configs()
        .forEach((key, value) -> {
          String is = config.get(key).value();
          boolean enough =
              key.equals(TopicConfig.MAX_MESSAGE_BYTES_CONFIG)
                  ? Long.parseLong(is) >= Long.parseLong(value)
                  : is.equals(value) || FREE.contains(key);
          if (!enough) {
            throw new ClusterException(
                "the topic %s has %s %s; %s is needed (kafka-configs.sh)"
                    .formatted(wanted.name(), key, is, value));
          }
        });
  }
}
