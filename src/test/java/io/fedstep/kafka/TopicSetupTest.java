package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fedstep.LogLines;
import io.fedstep.process.Brokers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TopicSetupTest {
  private static final Duration SESSION = Duration.ofSeconds(10);

  @TempDir private static Path folder;
  private static Brokers brokers;
  private static Admin admin;

  @BeforeAll
  static void start() {
    brokers = Brokers.start(folder, 1);
    admin = Admin.create(Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, brokers.bootstrap()));
  }

  @AfterAll
  static void close() {
    admin.close();
    brokers.close();
  }

  private static ClusterSettings settings(
      String prefix, int partitions, int replication, Duration session) {
    return new ClusterSettings(
        brokers.bootstrap(), prefix, partitions, replication, session, "here", Map.of());
  }

  private static void ensure(ClusterSettings settings) {
    new TopicSetup(settings).ensure(admin);
  }

  private static void assertRefused(ClusterSettings settings, String... because) {
    assertThatThrownBy(() -> ensure(settings))
        .isInstanceOf(ClusterException.class)
        .message()
        .contains(because);
  }

  @Test
  void topics_areMadeOnce_andChecked() throws Exception {
    ensure(settings("made", 3, 1, SESSION));
    ensure(settings("made", 3, 1, SESSION));
    Map<String, TopicDescription> made =
        admin
            .describeTopics(List.of("made.requests", "made.decisions", "made.chunks"))
            .allTopicNames()
            .get();
    assertThat(made.values()).allSatisfy(topic -> assertThat(topic.partitions()).hasSize(3));
    assertRefused(
        settings("made", 4, 1, SESSION), "made.requests has 3 partitions", "give this process 3");
    assertRefused(
        settings("made", 3, 3, SESSION), "has 1 replicas", "replication is 3: give this process 1");
  }

  @Test
  void topicOfOtherConfiguration_isRefused() throws Exception {
    ensure(settings("changed", 1, 1, SESSION));
    set("changed.chunks", TopicConfig.RETENTION_MS_CONFIG, "1000");
    awaitRefused("changed.chunks has retention.ms 1000; -1 is needed");
    set("changed.chunks", TopicConfig.RETENTION_MS_CONFIG, "-1");
    set("changed.requests", TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "1048576");
    awaitRefused("changed.requests has max.message.bytes 1048576; 4194304 is needed");
    set("changed.requests", TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "8388608");
    set("changed.decisions", TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG, "60000");
    await().ignoreExceptions().untilAsserted(() -> ensure(settings("changed", 1, 1, SESSION)));
  }

  /** A broker may hear of a change only a moment later. */
  private static void awaitRefused(String because) {
    await().untilAsserted(() -> assertRefused(settings("changed", 1, 1, SESSION), because));
  }

  private static void set(String topic, String name, String value) throws Exception {
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    var change = new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
  }

  @Test
  void topicsToBeMade_waitForTheirBrokers() throws Exception {
    var log = LogLines.of(TopicSetup.class);
    var failure = new CompletableFuture<RuntimeException>();
    Thread start =
        Thread.ofPlatform()
            .start(() -> {
              try {
                ensure(settings("many", 1, 3, SESSION));
              } catch (RuntimeException e) {
                failure.complete(e);
              }
            });
    try {
      await()
          .untilAsserted(() ->
              assertThat(log.lines())
                  .containsExactly(
                      "WARN waits to make the topics [many.requests, many.decisions, many.chunks]: there are"
                          + " 1 brokers at %s; fedstep.kafka.replication asks for 3"
                              .formatted(brokers.bootstrap())));
    } finally {
      start.interrupt();
      log.close();
    }
    assertThat(failure.get(60, TimeUnit.SECONDS)).hasMessageContaining("interrupted");
  }

  @Test
  void brokersThatCannotHoldIt_areRefused() {
    assertRefused(
        settings("short", 1, 1, Duration.ofMillis(900)),
        "group.min.session.timeout.ms is 1000",
        "fedstep.kafka.session-timeout");
  }
}
