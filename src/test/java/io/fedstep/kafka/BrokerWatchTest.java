package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Coordinator.Missing;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.Test;

class BrokerWatchTest {
  private static final List<Node> BROKERS =
      List.of(new Node(1, "a", 9), new Node(2, "b", 9), new Node(3, "c", 9));

  /** Each of them leads one of three partitions, all in sync as the controller last heard. */
  private static final List<TopicPartitionInfo> PARTITIONS =
      BROKERS.stream()
          .map(leader -> new TopicPartitionInfo(leader.id(), leader, BROKERS, BROKERS))
          .toList();

  private static Map<String, Missing> missing(
      List<Node> known, Set<Integer> here, List<TopicPartitionInfo> partitions) {
    return BrokerWatch.missing(known, Map.of(3, " at c:9"), here, partitions, 2);
  }

  @Test
  void nothingIsMissing_whileAllAnswer() {
    assertThat(missing(BROKERS, Set.of(1, 2, 3), PARTITIONS)).isEmpty();
  }

  @Test
  void brokerThatIsGone_isNamed_andStopsNothingOnceOthersLead() {
    Node first = BROKERS.getFirst();
    var led = List.of(new TopicPartitionInfo(0, first, BROKERS, BROKERS.subList(0, 2)));
    assertThat(missing(BROKERS.subList(0, 2), Set.of(1, 2), led))
        .containsExactly(
            Map.entry("broker-3", new Missing("Broker 3 at c:9 does not answer.", false)));
  }

  @Test
  void twoOfThreeGone_stopAll_whateverTheThirdBelieves() {
    assertThat(missing(BROKERS, Set.of(1), PARTITIONS))
        .containsExactly(
            Map.entry(
                "broker-2",
                new Missing(
                    "Broker 2 does not answer; 3 of 3 partitions cannot be written.", true)),
            Map.entry(
                "broker-3",
                new Missing(
                    "Broker 3 at c:9 does not answer; 3 of 3 partitions cannot be written.",
                    true)));
  }

  @Test
  void replicasOutOfSync_stopToo() {
    Node first = BROKERS.getFirst();
    var behind = List.of(new TopicPartitionInfo(0, first, BROKERS, List.of(first)));
    assertThat(missing(BROKERS, Set.of(1, 2, 3), behind))
        .containsExactly(
            Map.entry(
                "partitions",
                new Missing(
                    "1 of 1 partitions have too few replicas in sync to be written.", true)));
  }
}
