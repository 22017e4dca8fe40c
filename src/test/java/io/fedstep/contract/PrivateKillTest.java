package io.fedstep.contract;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import io.fedstep.process.ChildServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
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
 * {@code kill -9} of a real server before, between and after the closes of private models: every
 * account is that of a model whose server was never killed, and no version lies on the disk whose
 * round is not paid for.
 */
@Tag("slow")
@BesideOthers
class PrivateKillTest {
  private static final int KILLS = Boolean.getBoolean("long") ? 40 : 6;
  private static final int MODELS = 6;

  /** Kills strike in turns: while closes are under way, once some have ended, once all have. */
  private static final int PLACES = 3;

  private static final int BETWEEN = 1;
  private static final int AFTER = 2;

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

  /** Waits until so many of the models have made a version, as the disk has it. */
  private static void awaitMade(List<Path> folders, int round, int most) {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (made(folders, round) < most) {
      assertThat(System.nanoTime()).as("%s closes in time", most).isLessThan(end);
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static long made(List<Path> folders, int round) {
    return folders.stream().filter(folder -> versions(folder).containsKey(round + 1)).count();
  }

  /** The folders of a model's versions, by number. */
  private static SortedMap<Integer, Path> versions(Path folder) {
    try (Stream<Path> versions = Files.list(folder.resolve("versions"))) {
      return versions
          .filter(version -> version.getFileName().toString().matches("\\d+"))
          .collect(
              toMap(
                  version -> Integer.parseInt(version.getFileName().toString()),
                  version -> version,
                  (one, _) -> one,
                  TreeMap::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<JsonNode> accounts(Model model) {
    return CLIENTS.stream()
        .map(client -> model.get("/privacy?client=" + client).is(200).json())
        .toList();
  }

  /** Checks that each version has a ledger which has all rounds before it; the newest version. */
  private static int newestPaidFor(Path folder) {
    SortedMap<Integer, Path> versions = versions(folder);
    versions.forEach((number, version) ->
        assertThat(version.resolve("privacy.json"))
            .content()
            .contains("\"rounds\":" + number + ","));
    return versions.isEmpty() ? 0 : versions.lastKey();
  }

  @Test
  void accounts_areThoseOfAServerThatWasNeverKilled(@TempDir Path data) throws Exception {
    var random = new SplittableRandom(SEED);
    List<Integer> over = new ArrayList<>();
    ChildServer server = ChildServer.start(data, "-Xmx128m");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<String> names = IntStream.range(0, MODELS).mapToObj(i -> "struck-" + i).toList();
      List<Path> folders = names.stream().map(data.resolve("models")::resolve).toList();
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
        int most = random.nextInt(MODELS + 1);
        while (answered.get() < most) {
          LockSupport.parkNanos(PAUSE_NANOS);
        }
        int place = kill % PLACES;
        if (place == BETWEEN) {
          awaitMade(folders, round, random.nextInt(1, MODELS));
        } else {
          awaitMade(folders, round, place == AFTER ? MODELS : 0);
          LockSupport.parkNanos(random.nextLong(MOST_NANOS));
        }
        server.close();
        int made = 0;
        for (Path folder : folders) {
          int newest = newestPaidFor(folder);
          assertThat(newest).isBetween(round, round + 1);
          made += newest - round;
        }
        assertThat(made).isGreaterThanOrEqualTo(place == AFTER ? MODELS : place == BETWEEN ? 1 : 0);
        over.add(made);
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
    System.out.printf("of %s closes each were over before the kills: %s%n", MODELS, over);
  }
}
