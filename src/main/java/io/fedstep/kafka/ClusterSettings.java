package io.fedstep.kafka;

import java.time.Duration;
import java.util.Map;

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

  /** The name of a group. */
  String group(String what) {
    return prefix + "-" + what;
  }
}
