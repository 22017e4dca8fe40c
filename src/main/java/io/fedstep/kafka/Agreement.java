package io.fedstep.kafka;

import static java.util.stream.Collectors.joining;

import io.fedstep.codec.Json;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The settings that all processes of a cluster share, a decision as any other. The first process
 * decides on its own; one that comes while others run has to have the same, and one that finds
 * nobody decides anew.
 */
final class Agreement {
  static final String KEY = "settings/cluster";

  private static final Logger LOG = LoggerFactory.getLogger(Agreement.class);
  private static final int PARTITION = 0;
  private static final List<String> NAMES = List.of("keep-versions", "keep-rounds");

  private final Cluster cluster;
  private final ObjectNode own;

  Agreement(Cluster cluster) {
    this.cluster = cluster;
    own =
        Json.object()
            .put("keep-versions", cluster.engine().keepVersions())
            .put("keep-rounds", cluster.engine().keepRounds());
  }

  /**
   * Agrees with the processes that run.
   *
   * @throws ClusterException if they have other settings
   */
  void join() {
    while (true) {
      cluster.follower().catchUp(PARTITION);
      ObjectNode known = cluster.follower().settings();
      String differing = differing(own, known);
      if (known != null && differing.isEmpty()) {
        cluster.follower().agreed();
        return;
      }
      if (known != null && isAnybodyThere()) {
        throw new ClusterException(
            ("%s: give this process what the cluster has, or end all its processes and start them"
                    + " with what you want")
                .formatted(differing));
      }
      if (decide(known)) {
        LOG.info("the cluster's settings are {} from now on", own);
      }
    }
  }

  /** In what this process differs from its cluster. */
  String differing() {
    return differing(own, cluster.follower().settings());
  }

  /** In what a process differs from its cluster, as a sentence; nothing where it does not. */
  static String differing(ObjectNode own, @Nullable ObjectNode known) {
    return NAMES.stream()
        .filter(name -> known != null && !own.path(name).equals(known.path(name)))
        .map(name ->
            "fedstep.%s is %s here and %s in the cluster"
                .formatted(name, own.path(name), Objects.requireNonNull(known).path(name)))
        .collect(joining(", "));
  }

  /** Two that decide at once have one transactional id, so that one of them finds the other's. */
  private boolean decide(@Nullable ObjectNode known) {
    try (Producer<String, byte[]> producer =
        cluster.clients().producer("settings", cluster.settings().transactionMillis(0))) {
      producer.initTransactions();
      cluster.follower().catchUp(PARTITION);
      if (!Objects.equals(known, cluster.follower().settings())) {
        return false;
      }
      producer.beginTransaction();
      var _ =
          producer.send(
              new ProducerRecord<>(cluster.topics().decisions(), PARTITION, KEY, Wire.write(own)));
      producer.commitTransaction();
      return true;
    } catch (ProducerFencedException | InvalidProducerEpochException | InvalidTxnStateException e) {
      return false; // another has begun since
    }
  }

  /** For as long as others that run may need to come back after the brokers were away. */
  private boolean isAnybodyThere() {
    long end = System.nanoTime() + cluster.settings().sessionTimeout().toNanos();
    while (!cluster.clients().hasMembers("coordinators")) {
      if (System.nanoTime() - end > 0) {
        return false;
      }
      Topics.pause();
    }
    return true;
  }
}
