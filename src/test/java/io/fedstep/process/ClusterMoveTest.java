package io.fedstep.process;

import static io.fedstep.process.ChildCluster.JSON;
import static io.fedstep.process.ChildCluster.OCTETS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;

/** A model goes from one machine to a cluster and back by a copy of its folder. */
@BesideOthers
@Tag("slow")
class ClusterMoveTest {
  private static final int SIZE = 100_001;
  private static final int CLIENTS = 2;
  private static final Duration SESSION = Duration.ofSeconds(3);
  private static final String STAYS = "/v1/models/stays";
  private static final String MOVES = "/v1/models/moves";
  private static final String BUSY = "/v1/models/busy";
  private static final String SECRET = "/v1/models/secret";
  private static final byte[] PRIVATE =
      """
      {"tensors": {"w": [%s]}, "optimizer": {"lrate": 0.05, "modules": []},
       "aggregator": ["averaging", {"steps_weighted": false}], "round": {"min_updates": %s},
       "privacy": {"clip_norm": 1, "noise_multiplier": 4, "epsilon": 9, "delta": 1e-5}}\
      """
          .formatted(SIZE, CLIENTS)
          .getBytes(UTF_8);
  private static final String DRIFTS = "/v1/models/drifts";
  private static final byte[] CONTROLLED =
      """
      {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": ["scaffold-server"]},
       "aggregator": ["averaging", {"steps_weighted": false}]}\
      """
          .getBytes(UTF_8);
  private static final byte[] SPEC =
      """
      {"tensors": {"w": [%s]}, "round": {"min_updates": %s},
       "optimizer": {"lrate": 0.05, "modules": ["adam"]}}\
      """
          .formatted(SIZE, CLIENTS)
          .getBytes(UTF_8);

  @Test
  void model_trainsOnWhereItsFolderIs(@TempDir Path folder) throws IOException {
    Path alone = Files.createDirectory(folder.resolve("alone"));
    Path cluster = Files.createDirectory(folder.resolve("cluster"));
    JsonNode newest;
    try (ChildCluster server = ChildCluster.ofOne(alone)) {
      for (String model : new String[] {STAYS, MOVES, BUSY}) {
        server.put(model, JSON, SPEC);
      }
      server.put(SECRET, JSON, PRIVATE);
      train(server, SECRET, 0, 1);
      server.put(DRIFTS, JSON, CONTROLLED);
      train(server, STAYS, 0, 2);
      train(server, MOVES, 0, 2);
      for (int client = 0; client < CLIENTS; client++) {
        server.put(
            MOVES + "/versions/2/reports/client-" + client,
            JSON,
            "{\"metrics\": {\"accuracy\": 0.%s}}".formatted(client).getBytes(UTF_8));
      }
      submit(server, BUSY, 0, 0);
      newest = server.json(MOVES + "/versions").path("versions").path(0);
    }
    try (Brokers brokers = Brokers.start(folder.resolve("brokers"), 1)) {
      move(alone, cluster, MOVES);
      move(alone, cluster, BUSY);
      move(alone, cluster, SECRET);
      move(alone, cluster, DRIFTS); // is for one machine
      try (ChildCluster server = ChildCluster.start(cluster, 1, brokers, SESSION)) {
        awaitTaken(server, MOVES);
        assertThat(server.json(MOVES + "/versions").path("versions").path(0)).isEqualTo(newest);
        train(server, MOVES, 2, 4);
        awaitTaken(server, SECRET);
        assertPaid(server, 1);
        train(server, SECRET, 1, 3);
        assertPaid(server, 3);
        assertThat(server.get(BUSY).statusCode()).isEqualTo(404);
        assertNotMade(server, BUSY);
        assertNotMade(server, DRIFTS);
      }
      move(cluster, alone, MOVES);
      move(cluster, alone, BUSY);
      move(cluster, alone, SECRET);
      try (ChildCluster server = ChildCluster.ofOne(alone)) {
        train(server, SECRET, 3, 4);
        assertPaid(server, 4);
        train(server, MOVES, 4, 5);
        train(server, STAYS, 2, 5);
        for (String content : new String[] {"/weights", "/optimizer/state", "/gradient"}) {
          String path = "/versions/5" + content;
          assertThat(server.bytes(MOVES + path)).as(path).isEqualTo(server.bytes(STAYS + path));
        }
        assertThat(server.json(BUSY + "/rounds/current").path("updates").intValue()).isEqualTo(1);
      }
      copy(alone, cluster, MOVES);
      try (ChildCluster server = ChildCluster.start(cluster, 1, brokers, SESSION)) {
        server.delete(MOVES); // it knows version 4, and refuses to go on with 5
        move(alone, cluster, MOVES);
        server.kill(0);
        server.restart(0);
        awaitTaken(server, MOVES);
        train(server, MOVES, 5, 6);
      }
    }
  }

  private static void assertPaid(ChildCluster server, int rounds) {
    JsonNode spent = server.json(SECRET + "/privacy");
    assertThat(spent.path("rounds").intValue()).isEqualTo(rounds);
    assertThat(server.json(SECRET + "/privacy?client=client-0")).isEqualTo(spent);
  }

  private static void assertNotMade(ChildCluster server, String model) {
    HttpResponse<byte[]> refused =
        server.send(node ->
            HttpRequest.newBuilder(server.uri(node, model))
                .header("Content-Type", JSON)
                .PUT(BodyPublishers.ofByteArray(SPEC)));
    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(new String(refused.body(), UTF_8)).contains("was not taken in");
  }

  private static Path folder(Path of, String model) {
    return of.resolve("data/models").resolve(model.substring(model.lastIndexOf('/') + 1));
  }

  private static void copy(Path from, Path to, String model) throws IOException {
    FileSystemUtils.copyRecursively(folder(from, model), folder(to, model));
  }

  private static void move(Path from, Path to, String model) throws IOException {
    copy(from, to, model);
    FileSystemUtils.deleteRecursively(folder(from, model));
  }

  /** A process takes models in once the group has given it its part. */
  private static void awaitTaken(ChildCluster server, String model) {
    long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (server.get(model).statusCode() == 404) {
      assertThat(System.nanoTime()).as("the time until a model is taken in").isLessThan(end);
      server.pause(Duration.ofMillis(100));
    }
  }

  private static void train(ChildCluster server, String model, int from, int to) {
    for (int round = from; round < to; round++) {
      for (int client = 0; client < CLIENTS; client++) {
        submit(server, model, round, client);
      }
      JsonNode current = server.json(model + "/rounds/current?wait=60s&after=" + round);
      assertThat(current.path("round").intValue()).isEqualTo(round + 1);
    }
  }

  private static void submit(ChildCluster server, String model, int round, int client) {
    ClientUpdate update = ClientUpdate.coarse(round, client, SIZE);
    server.put(
        "%s/rounds/%s/updates/client-%s?weight=%s".formatted(model, round, client, update.weight()),
        OCTETS,
        Numbers.FLOAT32.bytes(update.gradient()));
  }
}
