package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fedstep.codec.Json;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.process.Brokers;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ScratchFolder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class LeaderTest {
  private static final String FIRST = "cafe";
  private static final String SECOND = "beef";

  @TempDir private Path folder;

  @Test
  void whatWasTakenBeforeTheGroupChanged_isWrittenAfterwards() throws Exception {
    try (Brokers brokers = Brokers.start(folder.resolve("brokers"), 1);
        var engine =
            new Engine(() -> Decided.NOW, Listener.NONE, new Limits(2, 2, 9, 9, 9, 9, 9, 1));
        var cluster = cluster(brokers, engine);
        var leader = new Leader(cluster, 0, () -> {})) {
      cluster.follower().start();
      ConsumerGroupMetadata before;
      try (Consumer<String, byte[]> member = member(cluster)) {
        before = member.groupMetadata();
      }
      try (Consumer<String, byte[]> member = member(cluster)) {
        ConsumerGroupMetadata now = member.groupMetadata();
        leader.run(List.of(request(3, creation(FIRST))), before);
        assertThat(knows(cluster, FIRST)).isFalse();
        assertThat(leader.hasEvents()).isTrue();
        leader.run(List.of(), now);
        await().until(() -> knows(cluster, FIRST));
        assertThat(leader.hasEvents()).isFalse();
        assertThat(committed(cluster)).isEqualTo(4);

        ObjectNode deletion = Json.object().put("kind", "delete");
        leader.run(List.of(request(4, deletion), request(5, creation(SECOND))), before);
        leader.run(List.of(request(6, creation(SECOND))), before);
        assertThat(committed(cluster)).isEqualTo(4);
        leader.run(List.of(), now);
        await().until(() -> knows(cluster, SECOND));
        assertThat(committed(cluster)).isEqualTo(7);
      }
    }
  }

  private Cluster cluster(Brokers brokers, Engine engine) {
    return new Cluster(
        new ClusterSettings(brokers.bootstrap(), "fedstep", 1, 1, Duration.ofSeconds(10), Map.of()),
        DataFolder.shared(folder.resolve("data")),
        new ScratchFolder(folder),
        engine,
        ClusterMeters.NONE);
  }

  private static ConsumerRecord<String, byte[]> request(long offset, ObjectNode request) {
    return new ConsumerRecord<>("fedstep.requests", 0, offset, Decided.M, Wire.write(request));
  }

  private static ObjectNode creation(String incarnation) {
    ObjectNode request = Json.object().put("kind", "create");
    request.set("head", Decided.head(incarnation).write());
    request.set("placement", new Placement(1, 0, 1).write());
    return request;
  }

  private static Consumer<String, byte[]> member(Cluster cluster) {
    Consumer<String, byte[]> member = cluster.settings().member("coordinators");
    member.subscribe(List.of("fedstep.requests"));
    while (member.assignment().isEmpty()) {
      member.poll(Duration.ofMillis(100));
    }
    return member;
  }

  private static boolean knows(Cluster cluster, String incarnation) {
    return cluster.model(Decided.M, incarnation) != null;
  }

  private static long committed(Cluster cluster) throws Exception {
    Map<TopicPartition, OffsetAndMetadata> offsets =
        cluster
            .admin()
            .listConsumerGroupOffsets(
                "fedstep-coordinators", new ListConsumerGroupOffsetsOptions().requireStable(true))
            .partitionsToOffsetAndMetadata()
            .get();
    return Objects.requireNonNull(offsets.get(new TopicPartition("fedstep.requests", 0))).offset();
  }
}
