package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import io.fedstep.process.ChildServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * {@code kill -9} of a real server around the closes of private models: every account is that of a
 * model whose server was never killed, and no version lies on the disk whose round is not paid for.
 */
@Tag("slow")
@BesideOthers
class PrivateKillTest {
  private static final int KILLS = Boolean.getBoolean("long") ? 40 : 6;
  private static final int MODELS = 6;
  private static final int PARAMETERS = 100_000;
  private static final byte[] UPDATE = new byte[4 * PARAMETERS];
  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
  private static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(40);
  private static final int SEED = 7;
  private static final List<String> CLIENTS = List.of("alice", "bob", "carol");

  private static final String SPEC =
      """
      {"tensors": {"w": [%s]}, "aggregator": ["averaging", {"steps_weighted": false}],
       "round": {"min_updates": 2, "max_updates": 2},
       "privacy": {"clip_norm": 1, "noise_multiplier": 4, "epsilon": 50, "delta": 1e-5}}\
      """
          .formatted(Integer.toString(PARAMETERS));

  /** Alice is in every round, bob and carol in every other. */
  private static String second(int round) {
    return CLIENTS.get(1 + round % 2);
  }

  private static Reply send(Model model, int round, String client) {
    return model.putOctets(Model.update(round, client), UPDATE);
  }

  private static void sendOrNot(Model model, int round, String client) {
    try {
      var _ = send(model, round, client);
    } catch (UncheckedIOException e) {
      // whoever was not answered sends it again
    }
  }

  private static List<JsonNode> accounts(Model model) {
    return CLIENTS.stream()
        .map(client -> model.get("/privacy?client=" + client).is(200).json())
        .toList();
  }

  /** Checks that each version has a ledger which has all rounds before it; the newest version. */
  private static int newestPaidFor(Path folder) throws IOException {
    try (Stream<Path> versions = Files.list(folder.resolve("versions"))) {
      return versions
          .filter(version -> version.getFileName().toString().matches("\\d+"))
          .mapToInt(version -> {
            int number = Integer.parseInt(version.getFileName().toString());
            assertThat(version.resolve("privacy.json"))
                .content()
                .contains("\"rounds\":" + number + ",");
            return number;
          })
          .max()
          .orElse(0);
    }
  }

  @Test
  void accounts_areThoseOfAServerThatWasNeverKilled(@TempDir Path data) throws Exception {
    var random = new SplittableRandom(SEED);
    int made = 0;
    ChildServer server = ChildServer.start(data, "-Xmx128m");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<String> names = IntStream.range(0, MODELS).mapToObj(i -> "struck-" + i).toList();
      Http first = new Http(server.port());
      Stream.concat(names.stream(), Stream.of("calm"))
          .forEach(name -> new Model(first, name).putJson("", SPEC).is(201));
      for (int kill = 0; kill < KILLS; kill++) {
        int round = kill;
        Http http = new Http(server.port());
        names.forEach(name -> send(new Model(http, name), round, "alice").is(201));
        var answered = new AtomicInteger();
        for (String name : names) {
          var _ =
              threads.submit(() -> {
                try {
                  sendOrNot(new Model(http, name), round, second(round));
                } finally {
                  answered.incrementAndGet();
                }
              });
        }
        int most = random.nextInt(MODELS + 1); // on a busy machine too, some closes are over
        while (answered.get() < most) {
          LockSupport.parkNanos(PAUSE_NANOS);
        }
        LockSupport.parkNanos(random.nextLong(MOST_NANOS));
        server.close();
        for (String name : names) {
          int newest = newestPaidFor(data.resolve("models").resolve(name));
          assertThat(newest).isBetween(round, round + 1);
          made += newest - round;
        }
        server = ChildServer.start(data, "-Xmx128m");
        Http next = new Http(server.port());
        var calm = new Model(next, "calm");
        send(calm, round, "alice").is(201);
        send(calm, round, second(round)).is(201);
        calm.awaitVersion(round + 1);
        for (String name : names) {
          var model = new Model(next, name);
          send(model, round, "alice").is(200);
          assertThat(send(model, round, second(round)).status()).isIn(200, 201);
          model.awaitVersion(round + 1);
          assertThat(accounts(model)).isEqualTo(accounts(calm));
        }
      }
    } finally {
      server.close();
    }
    System.out.printf("%s of %s closes were over before the kill%n", made, KILLS * MODELS);
  }
}
