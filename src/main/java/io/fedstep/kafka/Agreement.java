package io.fedstep.kafka;

import java.time.Duration;
import java.util.Objects;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The settings that all processes of a cluster share, a decision as any other. The first process
 * decides on its own; one that comes while others run has to have the same, and one that finds
 * nobody decides anew.
 */
final class Agreement {
  private static final Logger LOG = LoggerFactory.getLogger(Agreement.class);
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final int PARTITION = 0;

  private final Cluster cluster;
  private final DecisionFollower follower;
  private final SharedSettings own;

  Agreement(Cluster cluster, DecisionFollower follower) {
    this.cluster = cluster;
    this.follower = follower;
    own = SharedSettings.of(cluster.engine());
  }

  /**
   * Agrees with the processes that run. Of two that decide at once, one ends the transaction of the
   * other, which is told so by one of several errors, or by one that the broker did not expect
   * itself: after any of them it looks at the decisions again.
   *
   * @throws ClusterException if they have other settings
   * @throws KafkaException if the brokers write no decision for long
   */
  void join() {
    long end = cluster.engine().nanos() + cluster.settings().patience().toNanos();
    while (true) {
      follower.catchUp(PARTITION);
      SharedSettings known = follower.settings();
      String differing = own.differing(known);
      if (known != null && differing.isEmpty()) {
        follower.agreed();
        return;
      }
      if (known != null && isAnybodyThere()) {
        throw new ClusterException(
            ("%s: give this process what the cluster has, or end all its processes and start them"
                    + " with what you want")
                .formatted(differing));
      }
      try {
        if (decide(known)) {
          LOG.info("the cluster's settings are {} from now on", own.values());
        }
      } catch (KafkaException e) {
        if (cluster.engine().nanos() - end > 0) {
          throw e;
        }
        cluster.engine().pause(PAUSE);
      }
    }
  }

  /** Two that decide at once have one transactional id, so that one of them finds the other's. */
  private boolean decide(@Nullable SharedSettings known) {
    try (Producer<String, byte[]> producer =
        cluster.clients().producer("settings", cluster.settings().transactionMillis(0))) {
      producer.initTransactions();
      follower.catchUp(PARTITION);
      if (!Objects.equals(known, follower.settings())) {
        return false;
      }
      producer.beginTransaction();
      String key = LogEntry.Settings.KEY;
      byte[] json = MessageJson.write(own.values());
      var _ =
          producer.send(new ProducerRecord<>(cluster.topics().decisions(), PARTITION, key, json));
      producer.commitTransaction();
      return true;
    }
  }

  /** For as long as others that run may need to come back after the brokers were away. */
  private boolean isAnybodyThere() {
    long end = cluster.engine().nanos() + cluster.settings().sessionTimeout().toNanos();
    while (!cluster.clients().hasMembers("coordinators")) {
      if (cluster.engine().nanos() - end > 0) {
        return false;
      }
      cluster.engine().pause(PAUSE);
    }
    return true;
  }
}
