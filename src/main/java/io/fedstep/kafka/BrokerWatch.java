package io.fedstep.kafka;

import static java.util.stream.Collectors.joining;

import io.fedstep.coordinator.Coordinator.Missing;
import io.fedstep.coordinator.Engine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks again and again which brokers answer, so that whoever asks for the health waits for none. A
 * broker that is gone may be named as present for long by the others, once no majority is left to
 * say otherwise: so each is asked itself.
 */
final class BrokerWatch implements Clients.Watch {
  private static final Logger LOG = LoggerFactory.getLogger(BrokerWatch.class);
  private static final Duration PAUSE = Duration.ofSeconds(2);

  private final ClusterSettings settings;
  private final Topics topics;
  private final BooleanSupplier isLost;
  private final Admin admin;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;
  private final Map<Integer, String> places = new TreeMap<>();
  private volatile Map<String, Missing> brokers = Map.of();

  /** A watch through an admin client of its own, which it closes. */
  BrokerWatch(
      ClusterSettings settings, Topics topics, Admin admin, Engine engine, BooleanSupplier isLost) {
    this.settings = settings;
    this.topics = topics;
    this.isLost = isLost;
    this.admin = admin;
    thread = engine.thread("brokers", this::run);
    thread.start();
  }

  @Override
  public Map<String, Missing> missing() {
    if (!isLost.getAsBoolean()) {
      return brokers;
    }
    var all = new TreeMap<>(brokers);
    all.put("decisions", new Missing("This process follows the decisions no more.", true));
    return all;
  }

  private void run() {
    do {
      Map<String, Missing> found = look();
      if (!found.isEmpty() && brokers.isEmpty()) {
        found = look(); // a busy broker may answer too late once
      }
      if (closed.getCount() > 0 && !found.equals(brokers)) {
        if (found.isEmpty()) {
          LOG.info("all brokers answer again");
        } else {
          LOG.warn("{}", found.values().stream().map(Missing::what).collect(joining(" ")));
        }
        brokers = found;
      }
    } while (!awaitClose());
  }

  private boolean awaitClose() {
    try {
      return closed.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException("the watch is not interrupted", e);
    }
  }

  private Map<String, Missing> look() {
    try {
      Collection<Node> known = BrokerAnswers.wait(admin.describeCluster().nodes());
      known.forEach(node -> places.put(node.id(), " at %s:%s".formatted(node.host(), node.port())));
      Map<String, KafkaFuture<TopicDescription>> described =
          admin.describeTopics(topics.all()).topicNameValues();
      Set<Integer> here = answering(known);
      var partitions = new ArrayList<TopicPartitionInfo>();
      for (KafkaFuture<TopicDescription> one : described.values()) {
        partitions.addAll(BrokerAnswers.wait(one).partitions());
      }
      return missing(known, places, here, partitions, settings.inSync());
    } catch (ClusterException e) {
      return Map.of(
          "brokers",
          new Missing("None of the brokers %s answers.".formatted(settings.brokers()), true));
    }
  }

  /** The brokers that answer by themselves. */
  private Set<Integer> answering(Collection<Node> known) {
    var here = new HashSet<Integer>();
    List<ConfigResource> each =
        known.stream()
            .map(broker -> new ConfigResource(ConfigResource.Type.BROKER, broker.idString()))
            .toList();
    admin
        .describeConfigs(each)
        .values()
        .forEach((broker, answer) -> {
          try {
            BrokerAnswers.wait(answer);
            here.add(Integer.parseInt(broker.name()));
          } catch (ClusterException e) {
            // it does not
          }
        });
    return here;
  }

  /** The brokers that should have a part of the topics and do not answer. */
  static Map<String, Missing> missing(
      Collection<Node> known,
      Map<Integer, String> places,
      Set<Integer> here,
      Collection<TopicPartitionInfo> partitions,
      int inSync) {
    var away = new TreeSet<Integer>();
    partitions.forEach(partition -> partition.replicas().forEach(node -> away.add(node.id())));
    known.forEach(node -> away.add(node.id()));
    away.removeAll(here);
    long stopped = partitions.stream().filter(one -> !takesMessages(one, here, inSync)).count();
    var missing = new TreeMap<String, Missing>();
    for (int broker : away) {
      String sentence =
          "Broker %s%s does not answer%s."
              .formatted(
                  broker,
                  places.getOrDefault(broker, ""),
                  stopped == 0
                      ? ""
                      : "; %s of %s partitions cannot be written"
                          .formatted(stopped, partitions.size()));
      missing.put("broker-" + broker, new Missing(sentence, stopped > 0));
    }
    if (stopped > 0 && away.isEmpty()) {
      missing.put(
          "partitions",
          new Missing(
              "%s of %s partitions have too few replicas in sync to be written."
                  .formatted(stopped, partitions.size()),
              true));
    }
    return missing;
  }

  private static boolean takesMessages(
      TopicPartitionInfo partition, Set<Integer> here, int inSync) {
    Node leader = partition.leader();
    return leader != null
        && here.contains(leader.id())
        && partition.isr().stream().filter(node -> here.contains(node.id())).count() >= inSync;
  }

  @Override
  public void close() {
    closed.countDown();
    admin.close(Duration.ZERO);
    Monitor.join(thread);
  }
}
