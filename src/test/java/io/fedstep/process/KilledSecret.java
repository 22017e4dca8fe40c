package io.fedstep.process;

import static io.fedstep.process.ChildCluster.JSON;
import static io.fedstep.process.ChildCluster.OCTETS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.NoisyMean;
import io.fedstep.privacy.AdaptiveClip;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A private model of a cluster, and what is true of it whoever is killed: each round has one key in
 * the log that counts, its gradient is that key's to the bit, and every client has paid for the
 * rounds that it is in.
 */
final class KilledSecret implements AutoCloseable {
  /** Whose partition is that of {@link ClusterKillTest}'s model: the same processes work for it. */
  private static final String MODEL = "killed-secret";

  private static final String PATH = "/v1/models/" + MODEL;
  private static final String TOPIC = "fedstep.decisions";
  private static final int SIZE = 100_003;

  private static final String SPEC =
      """
      {"tensors": {"w": [%s]}, "dtype": "float64", "optimizer": {"lrate": 1.0, "modules": []},
       "aggregator": ["averaging", {"steps_weighted": false}], "round": {"min_updates": 3},
       "privacy": {"clip_norm": 100, "noise_multiplier": 0.1, "delta": 1e-5,
                   "adaptive_clip": {"quantile": 0.5, "rate": 0.2}}}\
      """
          .formatted(SIZE);

  private final ChildCluster cluster;
  private final KafkaConsumer<String, byte[]> log;

  /** By the base of their rounds, the keys of closes that count. */
  private final Map<String, Set<String>> keys = new HashMap<>();

  private final Map<String, Integer> paid = new HashMap<>(Map.of("nobody", 0));

  /** With the norm to which the next round cuts. */
  private DifferentialPrivacy privacy =
      new DifferentialPrivacy(100, 0.1, null, 1e-5, null, new AdaptiveClip(0.5, 0.2), null);

  KilledSecret(ChildCluster cluster, Brokers brokers) {
    this.cluster = cluster;
    cluster.put(PATH, JSON, SPEC.getBytes(UTF_8));
    log =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", brokers.bootstrap(), "isolation.level", "read_committed"),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        log.partitionsFor(TOPIC).stream()
            .map(one -> new TopicPartition(TOPIC, one.partition()))
            .toList();
    log.assign(partitions);
    log.seekToBeginning(partitions);
  }

  /** Two are in each round, the third in every other. */
  private static String name(int round, int client) {
    return "client-" + (client == 2 ? client + round % 2 : client);
  }

  private static double[] update(int round, int client) {
    return ClientUpdate.coarse(round, client, SIZE).gradient();
  }

  void submit(int round, int client) {
    cluster.put(
        "%s/rounds/%s/updates/%s".formatted(PATH, round, name(round, client)),
        OCTETS,
        Numbers.FLOAT64.bytes(update(round, client)));
  }

  /** Checks a round of three that has ended, or is about to. */
  void check(int round) {
    ClusterKillTest.awaitEnd(cluster, PATH, round);
    JsonNode record = cluster.json(PATH + "/rounds/" + round);
    assertThat(record.path("outcome").stringValue()).isEqualTo("completed");
    List<String> names = List.of(name(round, 0), name(round, 1), name(round, 2));
    assertThat(record.path("clients").valueStream().map(one -> one.path("client").stringValue()))
        .containsExactlyElementsOf(names);
    readLog();
    Set<String> drawn = keys.getOrDefault(record.path("base").stringValue(), Set.of());
    assertThat(drawn).as("keys of round %s", round).hasSize(1);
    byte[] key = HexFormat.of().parseHex(drawn.iterator().next());
    List<double[]> updates = List.of(update(round, 0), update(round, 1), update(round, 2));
    double[] norms = updates.stream().mapToDouble(KilledSecret::norm).toArray();
    byte[] gradient = cluster.bytes("%s/versions/%s/gradient".formatted(PATH, round + 1));
    assertThat(Arrays.mismatch(gradient, NoisyMean.of(privacy, SIZE, updates, norms, key)))
        .as("the first byte of round %s's gradient to differ", round)
        .isEqualTo(-1);
    privacy = privacy.cutting(privacy.nextClip(SIZE, norms, key));
    names.forEach(name -> paid.merge(name, 1, Integer::sum));
    paid.forEach((client, rounds) ->
        assertThat(cluster.json(PATH + "/privacy?client=" + client).path("rounds").intValue())
            .as("rounds that %s has paid for", client)
            .isEqualTo(rounds));
  }

  /** The sum of the squares is exact. */
  private static double norm(double[] update) {
    return Math.sqrt(Arrays.stream(update).map(value -> value * value).sum());
  }

  /** Takes note of the keys, each of one round, before a compaction may take them away. */
  private void readLog() {
    Map<TopicPartition, Long> ends = log.endOffsets(log.assignment());
    while (ends.entrySet().stream().anyMatch(end -> log.position(end.getKey()) < end.getValue())) {
      for (ConsumerRecord<String, byte[]> decision : log.poll(Duration.ofMillis(100))) {
        if (decision.key().equals("round/" + MODEL) && decision.value() != null) {
          JsonNode round = JsonMapper.shared().readTree(decision.value());
          JsonNode key = round.path("closed").path("noise_key");
          if (key.isString()) {
            keys.computeIfAbsent(round.path("base").stringValue(), _ -> new HashSet<>())
                .add(key.stringValue());
          }
        }
      }
    }
    assertThat(keys.values().stream().flatMap(Set::stream)).doesNotHaveDuplicates();
  }

  @Override
  public void close() {
    log.close();
  }
}
