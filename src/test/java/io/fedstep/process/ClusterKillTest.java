package io.fedstep.process;

import static io.fedstep.process.ChildCluster.JSON;
import static io.fedstep.process.ChildCluster.OCTETS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * Rounds through kills of a cluster's processes and brokers have what was acknowledged, once, and
 * equal those of one machine that nobody kills, to the last bit; beside them {@link KilledSecret}.
 */
@BesideOthers
@Tag("slow")
class ClusterKillTest {
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final int ROUNDS = LONG ? 30 : 6;
  private static final int NODES = 3;
  private static final int CLIENTS = 3;
  private static final int SIZE = 500_003;

  /** Lines of WARN and ERROR of all processes for each round with a kill, as an operator reads. */
  private static final int MOST_WARNINGS = 10;

  private static final String MODEL = "killed";
  private static final String PATH = "/v1/models/" + MODEL;
  private static final String SPEC =
      """
      {"tensors": {"w": [%s]}, "round": {"min_updates": %s},
       "optimizer": {"lrate": 0.05, "w_decay": 0.01,
                     "modules": [["l2-global-clipping", {"max_norm": 100.0}], "rmsprop"]}}\
      """
          .formatted(SIZE, CLIENTS);

  /** In which others are to go on with the parts of a process that was killed. */
  private static final Duration SESSION = Duration.ofSeconds(10);

  /** For a round's own work. */
  private static final Duration MARGIN = Duration.ofSeconds(20);

  private enum Victim {
    /** Who takes an upload, in the middle of it. */
    GATEWAY,
    /** Who decides about the model, between an admission and the close. */
    COORDINATOR,
    /** Who computes a range, just after the close was decided. */
    WORKER,
    /** A broker, in the middle of an upload. */
    BROKER
  }

  /** The receipts of each round's updates, by client. */
  private final List<Map<String, JsonNode>> receipts = new ArrayList<>();

  private final List<String> pauses = new ArrayList<>();
  private Brokers brokers;
  private ChildCluster cluster;
  private ClusterRoles roles;
  private ChildCluster alone;
  private KilledSecret secret;

  @Test
  void roundsThroughKills_equalThoseOfOneMachine(@TempDir Path folder) {
    try (var startedBrokers = Brokers.startApart(folder.resolve("brokers"), 3);
        var started =
            ChildCluster.start(folder.resolve("cluster"), NODES, startedBrokers, SESSION);
        var startedRoles = new ClusterRoles(startedBrokers);
        var startedAlone = ChildCluster.ofOne(folder.resolve("alone"));
        var startedSecret = new KilledSecret(started, startedBrokers)) {
      brokers = startedBrokers;
      cluster = started;
      roles = startedRoles;
      alone = startedAlone;
      secret = startedSecret;
      cluster.put(PATH, JSON, SPEC.getBytes(UTF_8));
      alone.put(PATH, JSON, SPEC.getBytes(UTF_8));
      Duration longest = Duration.ZERO;
      for (int round = 0; round < ROUNDS; round++) {
        Victim victim = victim(round);
        Duration pause = train(round, victim);
        if (victim != null) {
          pauses.add("%s: %s ms".formatted(victim, pause.toMillis()));
          longest = pause.compareTo(longest) > 0 ? pause : longest;
        }
        check(round);
        secret.check(round);
      }
      for (int round = 0; round < ROUNDS; round++) {
        checkRecord(round);
      }
      System.out.printf(
          "after a kill a round stood still for %s ms at most: %s%n", longest.toMillis(), pauses);
      List<String> warnings = cluster.warnings();
      assertThat(warnings)
          .as("lines of the processes that run at the end")
          .hasSizeLessThan(MOST_WARNINGS * ROUNDS);
      assertThat(longest).isLessThan(mostPause());
    }
  }

  /** The first and the last round are undisturbed, in a long run every second one. */
  private static @Nullable Victim victim(int round) {
    Victim[] all = Victim.values();
    if (LONG) {
      return round % 2 == 1 ? all[round / 2 % all.length] : null;
    }
    return round >= 1 && round <= all.length ? all[round - 1] : null;
  }

  /** A kill of a process, which returns while the round goes on, or of a broker, which waits. */
  private static final class Kill {
    private final IntConsumer kill;
    private final IntConsumer restart;
    private final CompletableFuture<Void> roundOver = new CompletableFuture<>();
    private @Nullable CompletableFuture<Void> back;
    private long time;

    Kill(IntConsumer kill, IntConsumer restart, boolean waits) {
      this.kill = kill;
      this.restart = restart;
      if (!waits) {
        roundOver.complete(null);
      }
    }

    /** Strikes, the first time that it is called. */
    synchronized void strike(int victim) {
      if (back == null) {
        time = System.nanoTime();
        kill.accept(victim);
        back = roundOver.thenRunAsync(() -> restart.accept(victim), ChildCluster.THREADS);
      }
    }

    synchronized long time() {
      return time;
    }

    /** Waits for the return. */
    void awaitReturn() {
      roundOver.complete(null);
      back().join();
    }

    private synchronized CompletableFuture<Void> back() {
      return Objects.requireNonNull(back);
    }
  }

  /** A round from its first update to its end; how long after a kill that was. */
  private Duration train(int round, @Nullable Victim victim) {
    receipts.add(new ConcurrentHashMap<>());
    var kill =
        victim == Victim.BROKER
            ? new Kill(brokers::kill, brokers::restart, true)
            : new Kill(cluster::kill, cluster::restart, false);
    int worker = someWorker(round);
    IntFunction<BodyPublisher> first =
        victim == Victim.GATEWAY
            ? node -> striking(round, () -> kill.strike(node))
            : victim == Victim.BROKER
                ? _ -> striking(round, () -> kill.strike(round % brokers.size()))
                : _ -> whole(round, 0);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture.allOf(
              CompletableFuture.runAsync(() -> submit(round, 0, first), threads),
              CompletableFuture.runAsync(() -> submit(round, 1, _ -> whole(round, 1)), threads))
          .join();
    }
    if (victim == Victim.COORDINATOR) {
      kill.strike(known(() -> roles.coordinator(MODEL)));
    }
    submit(round, 2, _ -> whole(round, 2));
    if (victim == Victim.WORKER) {
      kill.strike(worker);
    }
    awaitEnd(cluster, PATH, round);
    if (victim == null) {
      return Duration.ZERO;
    }
    long end = System.nanoTime();
    kill.awaitReturn();
    return Duration.ofNanos(end - kill.time());
  }

  /** Who computes some range, and is not the coordinator too if there is such a one. */
  private int someWorker(int round) {
    int coordinator = known(() -> roles.coordinator(MODEL));
    return IntStream.range(round, round + NODES * NODES)
        .map(range -> known(() -> roles.worker(MODEL, range)))
        .filter(node -> node != coordinator)
        .findFirst()
        .orElse(coordinator);
  }

  private Duration mostPause() {
    return SESSION.plus(cluster.here(MARGIN));
  }

  /** A part's owner, once it has one. */
  private int known(Supplier<OptionalInt> owner) {
    OptionalInt found = owner.get();
    long end = System.nanoTime() + mostPause().toNanos();
    while (found.isEmpty()) {
      assertThat(System.nanoTime()).as("the time until a part has an owner").isLessThan(end);
      cluster.pause(Duration.ofMillis(100));
      found = owner.get();
    }
    return found.getAsInt();
  }

  private static byte[] body(int round, int client) {
    return Numbers.FLOAT32.bytes(ClientUpdate.coarse(round, client, SIZE).gradient());
  }

  private static BodyPublisher whole(int round, int client) {
    return BodyPublishers.ofByteArray(body(round, client));
  }

  /** The first client's body, in the middle of which something happens. */
  private static BodyPublisher striking(int round, Runnable strike) {
    byte[] body = body(round, 0);
    return BodyPublishers.fromPublisher(
        BodyPublishers.ofInputStream(() -> new StrikingStream(body, strike)), body.length);
  }

  private static final class StrikingStream extends FilterInputStream {
    private final int half;
    private final Runnable strike;

    StrikingStream(byte[] body, Runnable strike) {
      super(new ByteArrayInputStream(body));
      half = body.length / 2;
      this.strike = strike;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      if (in.available() < half) {
        strike.run();
      }
      return super.read(into, from, length);
    }
  }

  private void submit(int round, int client, IntFunction<BodyPublisher> body) {
    String path =
        "%s/rounds/%s/updates/client-%s?weight=%s"
            .formatted(PATH, round, client, weight(round, client));
    alone.put(path, OCTETS, body(round, client));
    secret.submit(round, client);
    receipts.get(round).put("client-" + client, cluster.put(path, OCTETS, body));
  }

  private static int weight(int round, int client) {
    return 1 + 7 * round + client;
  }

  static void awaitEnd(ChildCluster server, String model, int round) {
    JsonNode current = server.json(model + "/rounds/current?wait=60s&after=" + round);
    assertThat(current.path("round").intValue()).isEqualTo(round + 1);
  }

  private void check(int round) {
    awaitEnd(alone, PATH, round);
    checkRecord(round);
    for (String content : List.of("/weights", "/optimizer/state")) {
      String path = "%s/versions/%s%s".formatted(PATH, round + 1, content);
      int difference = Arrays.mismatch(cluster.bytes(path), alone.bytes(path));
      assertThat(difference).as("the first byte of %s to differ", path).isEqualTo(-1);
    }
  }

  /** What was acknowledged is in the record, once, as it was acknowledged. */
  private void checkRecord(int round) {
    JsonNode record = cluster.json(PATH + "/rounds/" + round);
    assertThat(record.path("outcome").stringValue()).isEqualTo("completed");
    assertThat(record.path("clients").valueStream().map(one -> one.path("client").stringValue()))
        .containsExactly("client-0", "client-1", "client-2");
    for (JsonNode client : record.path("clients")) {
      String name = client.path("client").stringValue();
      JsonNode receipt = receipts.get(round).get(name);
      for (String member : List.of("digest", "weight")) {
        assertThat(client.path(member)).isEqualTo(receipt.path(member));
      }
      assertThat(cluster.json("%s/rounds/%s/updates/%s".formatted(PATH, round, name)))
          .isEqualTo(receipt);
    }
    JsonNode expected = alone.json(PATH + "/rounds/" + round);
    for (String member : List.of("total_weight", "gradient_norm", "step_norm")) {
      assertThat(record.path(member)).as(member).isEqualTo(expected.path(member));
    }
  }
}
