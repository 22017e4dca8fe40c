package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.Replacement;
import io.fedstep.process.BesideOthers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Decisions come to the same models, whether they are followed one by one or read from a topic that
 * was compacted in the meantime. Every {@link Decided#commit} compares the two.
 */
@BesideOthers
class ReplicaTest {
  private static final int KEPT = 2;

  @TempDir private Path root;
  private Engine engine;

  @BeforeEach
  void begin() {
    engine =
        new Engine(() -> Decided.NOW, Listener.NONE, new Limits(KEPT, 2, 1000, 10, 10, 10, 10, 1));
  }

  @AfterEach
  void end() {
    engine.close();
  }

  private Decided decided(int seed) {
    return new Decided(root.resolve("data"), engine, seed);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void rounds_comeToTheSame(int seed) {
    try (var run = decided(seed)) {
      run.create("a1");
      for (int round = 0; round < 5; round++) {
        run.update("alice", 0);
        run.update("bob", 0);
        if (round > 0) {
          run.update("hospital-1", 1);
        }
        run.report("alice", round);
        run.closeRound();
        run.range(2, 1, false);
        run.range(0, 1, false);
        run.range(1, 1, false);
        run.range(0, 1, true);
        run.range(2, 1, true);
        if (round == 3) {
          run.fail();
          run.goOn();
        }
        run.range(1, 1, true);
        run.made();
      }
      assertThat(run.live().state().folder().newest().info().version()).isEqualTo(5);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void processThatWasAway_knowsTheVersionsBetween(int rounds) {
    try (var run = decided(rounds)) {
      run.create("a1");
      Runnable comesBack = run.away();
      for (int round = 0; round < rounds; round++) {
        run.update("alice", 0);
        run.closeRound();
        for (int shard = 0; shard < 3; shard++) {
          run.range(shard, 1, true);
        }
        run.made();
      }
      comesBack.run();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void changesByAdministrators_comeToTheSame(int seed) {
    try (var run = decided(seed)) {
      run.create("a1");
      run.report("alice", 0);
      run.replace(new Replacement.Weights(".handed-1", "sha-256:00"));
      run.madeWeights();
      assertThat(run.live().reports(0)).as("of the zeros").isEmpty();
      run.report("bob", 0);
      run.update("alice", 0);
      run.policy(3, 4);
      run.update("bob", 0);
      run.stop();
      run.start();
      run.closeRound();
      run.made();
      run.update("alice", 0);
      run.replace(new Replacement.Restored(0));
      run.discarded();
      assertThat(run.live().state().round().updates()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void deadlinesThatPass_comeToTheSame(int seed) {
    try (var run = decided(seed)) {
      run.create("a1");
      run.policy(2, 0.1);
      run.pass();
      run.update("alice", 0);
      run.pass();
      assertThat(run.live().state().participation()).isEqualTo(0.4);
      run.closeRound();
      run.fail();
      run.goOn();
      run.made();
      assertThat(run.live().state().participation()).isEqualTo(0.1);
      assertThat(Objects.requireNonNull(run.live().state().record(0)).participation())
          .isEqualTo(0.4);
      run.pass();
      run.policy(3, 0.25);
      assertThat(run.live().state().participation()).isEqualTo(0.25);
      run.pass();
      run.replace(new Replacement.Restored(0));
      run.discarded();
      assertThat(Objects.requireNonNull(run.live().state().record(1)).participation())
          .isEqualTo(0.5);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void failuresOfClients_comeToTheSame_untilTheirRoundTakesNoUpdates(int seed) {
    try (var run = decided(seed)) {
      run.create("a1");
      for (int round = 0; round < 4; round++) {
        run.fails("alice", round);
        run.fails("bob", Math.max(0, round - 2));
        run.fails("alice", round);
        run.update("alice", 0);
        assertThat(run.failed(round)).doesNotContain("alice");
        run.closeRound();
        run.made();
        assertThat(run.failed(round - 2)).isEmpty();
      }
      run.fails("alice", 4);
      run.delete();
      run.create("b2");
      assertThat(run.failed(4)).isEmpty();
      assertThat(run.keys()).noneMatch(key -> key.startsWith("failure/"));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void requestsThatWait_keepTheirOrder(int seed) {
    try (var run = decided(seed)) {
      run.create("a1");
      for (int round = 0; round < 3; round++) {
        run.closeRound();
        for (int client = 0; client < 12; client++) {
          run.await("client-" + client);
        }
        run.made();
        assertThat(run.waitedEnough())
            .isEqualTo(IntStream.range(0, 12).mapToObj(i -> "client-" + i).toList());
        run.await("again");
        assertThat(run.waitedEnough()).containsExactly("again");
      }
      run.await("of a model that goes");
      run.delete();
      run.create("b2");
      assertThat(run.live().waiting()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void deletedModels_leaveNothing(int seed) {
    try (var run = decided(seed)) {
      run.create("a1");
      run.update("alice", 0);
      run.report("alice", 0);
      run.closeRound();
      run.range(0, 2, true);
      run.delete();
      run.create("b2");
      assertThat(run.live().reports(0)).isEmpty();
      run.report("bob", 0);
      run.update("bob", 0);
      run.closeRound();
      run.range(1, 1, false);
      run.range(0, 1, false);
      run.delete();
      assertThat(run.replica().deletedAt(Decided.M, "b2b2b2b2")).isEqualTo(0);
      run.create("c3");
      run.update("alice", 0);
      assertThat(run.live().reports(0)).isEmpty();
      assertThat(run.live().knows(0, 1, false)).isFalse();
    }
  }

  @Test
  void versionsThatNobodyKeeps_goFromTheDisk() throws Exception {
    try (var run = decided(1)) {
      run.create("a1");
      for (int round = 0; round < 7; round++) {
        run.update("alice", 0);
        run.closeRound();
        run.made();
      }
      assertThat(names("versions")).containsExactly("0000005", "0000006", "0000007");
      assertThat(names("rounds")).containsExactly("0000002.json", "0000003.json");
    }
  }

  @Test
  void modelsWithoutTheirVersion_areBroken() throws Exception {
    try (var run = decided(1)) {
      run.create("a1");
      run.closeRound();
      run.made();
      Path versions = root.resolve("data/models").resolve(Decided.M).resolve("versions");
      Files.move(versions.resolve("0000001"), root.resolve("elsewhere"));
      var reasons = new ArrayList<String>();
      Replica anew =
          run.read(
              new Replica.Watcher() {
                @Override
                public void broken(String model, @Nullable RuntimeException cause) {
                  reasons.add(model + ": " + Objects.requireNonNull(cause).getMessage());
                }
              });
      assertThat(anew.models()).isEmpty();
      assertThat(reasons)
          .containsExactly(
              "wide: %s is corrupt: expected version 1, found no folder of it".formatted(versions));
    }
  }

  private List<String> names(String folder) throws Exception {
    try (Stream<Path> files =
        Files.list(root.resolve("data/models").resolve(Decided.M).resolve(folder))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
