package io.fedstep.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Utils;

/** Which process of a cluster does what, as the brokers see it. */
final class ClusterRoles implements AutoCloseable {
  private static final String PREFIX = "fedstep";
  private static final int PARTITIONS = 12;
  private static final String CLIENT = "node-";

  private final Admin admin;

  ClusterRoles(Brokers brokers) {
    admin = Admin.create(Map.of("bootstrap.servers", brokers.bootstrap()));
  }

  /** How a process names itself to the brokers, by which it is known again. */
  static String clientId(int node) {
    return CLIENT + node;
  }

  /** Who decides about a model; empty while that changes. */
  OptionalInt coordinator(String model) {
    return owner("coordinators", new TopicPartition(PREFIX + ".requests", partition(model, 0)));
  }

  /** Who computes a range of a model; empty while that changes. */
  OptionalInt worker(String model, int range) {
    return owner("workers", new TopicPartition(PREFIX + ".chunks", partition(model, range)));
  }

  private static int partition(String model, int range) {
    return (Utils.toPositive(Utils.murmur2(model.getBytes(UTF_8))) % PARTITIONS + range)
        % PARTITIONS;
  }

  private OptionalInt owner(String group, TopicPartition partition) {
    String id = PREFIX + "-" + group;
    try {
      ConsumerGroupDescription description =
          admin.describeConsumerGroups(List.of(id)).describedGroups().get(id).get();
      return description.members().stream()
          .filter(member -> member.assignment().topicPartitions().contains(partition))
          .mapToInt(ClusterRoles::node)
          .findFirst();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static int node(MemberDescription member) {
    return Integer.parseInt(member.clientId().substring(CLIENT.length()));
  }

  @Override
  public void close() {
    admin.close();
  }
}
