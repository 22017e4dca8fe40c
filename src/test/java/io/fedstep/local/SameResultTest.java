package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.aggregate.KnownAggregators;
import io.fedstep.coordinator.Limits;
import io.fedstep.process.BesideOthers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A round's result depends on its updates alone. */
@BesideOthers
class SameResultTest {
  private static final String M = "wide";
  private static final int CLIENTS = 4;
  private static final int ROUNDS = 2;
  private static final int AGGREGATED = 8;
  private static final int SIZE = 100_001; // seven tiles, the last one short

  /** What two rounds give whose updates come in that order. */
  private static List<Object> result(
      Path data, String spec, int threads, List<Integer> order, boolean restart) {
    Rig rig = Rig.on(data, new Limits(10, 10, SIZE, 100, 1024, 100, 1000, threads));
    try {
      rig.create(M, spec);
      for (int round = 0; round < ROUNDS; round++) {
        for (int client : order) {
          if (restart && client == 1) {
            rig = rig.restarted();
          }
          rig.put(M, round, "client-" + client, 0.1 * (client + 1), gradient(round, client));
        }
        rig.awaitVersion(M, round + 1);
      }
      var record = rig.coordinator().rounds().record(M, ROUNDS - 1);
      return List.of(
          rig.weights(M),
          rig.state(M),
          record == null ? "" : record.gradientNorm() + " " + record.stepNorm());
    } finally {
      rig.close();
    }
  }

  private static double[] gradient(int round, int client) {
    var random = new Random(10L * round + client);
    return random.doubles(SIZE).map(x -> (x - 0.5) * 1e3).toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"float32", "float64"})
  void orderThreadsAndRestarts_doNotShow(String dtype, @TempDir Path data) {
    assertSame(Rig.rmsprop(dtype, SIZE, CLIENTS), data);
  }

  @ParameterizedTest
  @ValueSource(strings = {"float32", "float64"})
  void passes_doNotShow(String dtype, @TempDir Path data) {
    assertSame(
        """
        {"tensors": {"a": [3], "b": [70001], "c": [29997]}, "dtype": "%s",
         "optimizer": {"lrate": ["warmup", {"base": 0.5, "warmup": 3}], "w_decay": 0.01,
          "regularizers": ["ridge", "lasso"],
          "modules": ["momentum", "l2-clipping", "adam", ["gaussian-noise", {"std": 0.1}],
                      ["l2-global-clipping", {"max_norm": 0.5}], "yogi-momentum",
                      ["gaussian-noise", {"safe_mode": false, "seed": 3}]]},
         "round": {"min_updates": %s}}\
        """
            .formatted(dtype, CLIENTS),
        data);
  }

  private static void assertSame(String spec, Path data) {
    var order = new ArrayList<>(IntStream.range(0, CLIENTS).boxed().toList());
    List<Object> first = result(data.resolve("first"), spec, 1, order, false);
    var random = new Random(1);
    for (int threads = 1; threads <= 3; threads++) {
      Collections.shuffle(order, random);
      List<Object> other = result(data.resolve("t" + threads), spec, threads, order, threads == 2);
      assertThat(Arrays.deepEquals(other.toArray(), first.toArray()))
          .as("%s threads, order %s", threads, order)
          .isTrue();
    }
  }

  static Stream<Named<String>> aggregators() {
    return KnownAggregators.ALL.stream()
        .map(rule -> Named.of(rule.name(), "[\"%s\", {}]".formatted(rule.name())));
  }

  private static String aggregated(String dtype, int size, String aggregator) {
    return """
    {"tensors": {"w": [%s]}, "dtype": "%s", "optimizer": {"lrate": 1.0, "modules": []},
     "aggregator": %s, "update_bound": {"max_norm": %s}, "round": {"min_updates": %s}}\
    """
        .formatted(size, dtype, aggregator, size, AGGREGATED);
  }

  /** Values whose norms are about half as large as the bound, or larger. */
  private static double[] aggregated(int client, int size) {
    var random = new Random(client);
    double scale = client == 3 ? 100 : Math.sqrt(size) * (client == 5 ? 3 : 0.5);
    return random.doubles(size).map(x -> Math.round((x - 0.4) * 20) * scale / 20).toArray();
  }

  /** A hundred orders of few values, and tiles for one, two and three threads. */
  @ParameterizedTest
  @MethodSource("aggregators")
  void aggregators_seeNeitherOrderNorThreads(String aggregator, @TempDir Path data) {
    var order = new ArrayList<>(IntStream.range(0, AGGREGATED).boxed().toList());
    var random = new Random(2);
    byte[] first = {};
    byte[] firstWide = {};
    for (int threads = 1; threads <= 3; threads++) {
      var limits = new Limits(10, 10, 2 * SIZE, 100, 1024, 100, 1000, threads);
      try (Rig rig = Rig.on(data.resolve("t" + threads), limits)) {
        rig.create(M, aggregated("float64", SIZE, aggregator));
        rig.create("few", aggregated("float32", 40, aggregator));
        byte[] wide = round(rig, M, 0, SIZE, order);
        firstWide = threads == 1 ? wide : firstWide;
        assertThat(wide).as("%s threads, order %s", threads, order).isEqualTo(firstWide);
        for (int round = 0; round < 34; round++) {
          byte[] few = round(rig, "few", round, 40, order);
          first = first.length == 0 ? few : first;
          assertThat(few).as("order %s", order).isEqualTo(first);
          Collections.shuffle(order, random);
        }
      }
    }
    assertThat(first).isNotEqualTo(new byte[first.length]);
    assertThat(firstWide).isNotEqualTo(new byte[firstWide.length]);
  }

  private static byte[] round(Rig rig, String model, int round, int size, List<Integer> order) {
    for (int client : order) {
      rig.put(model, round, "client-" + client, 0.1 * (client + 1), aggregated(client, size));
    }
    rig.awaitVersion(model, round + 1);
    return rig.gradient(model);
  }

  @Test
  void anotherUpdate_shows(@TempDir Path data) {
    List<Integer> order = List.of(0, 1, 2, 3);
    assertThat(
            result(data.resolve("a"), Rig.rmsprop("float32", SIZE, CLIENTS), 1, order, false)
                .get(0))
        .isNotEqualTo(
            result(data.resolve("b"), Rig.rmsprop("float64", SIZE, CLIENTS), 1, order, false)
                .get(0));
  }
}
