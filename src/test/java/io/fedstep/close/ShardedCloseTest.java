package io.fedstep.close;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.aggregate.KnownAggregators;
import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.model.ModelSpec;
import io.fedstep.process.BesideOthers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A version has the same bytes however many shards compute it. */
@BesideOthers
class ShardedCloseTest {
  private static final int CLIENTS = 8;
  private static final int[] FEW = {1, 2, 3, 5};
  private static final int MOST = 16;

  private static final List<String> OPTIMIZERS =
      List.of(
          "{\"lrate\": 0.5, \"modules\": [\"rmsprop\"]}",
          "{\"lrate\": 0.5, \"modules\": [[\"adam\", {\"amsgrad\": true}]]}",
          "{\"lrate\": 0.5, \"modules\":"
              + " [[\"l2-global-clipping\", {\"max_norm\": 90}], \"momentum\","
              + " [\"l2-clipping\", {\"max_norm\": 50}]]}",
          "{\"lrate\": [\"warmup\", {\"base\": 0.5, \"warmup\": 3}], \"w_decay\": 0.01,"
              + " \"regularizers\": [\"ridge\", \"lasso\"], \"modules\": [\"yogi\"]}",
          "{\"lrate\": 0.5, \"modules\":"
              + " [[\"gaussian-noise\", {\"std\": 0.1}], \"l2-clipping\", \"adam\"]}");

  /** 5 tiles for few shards, 22 for the most; the last is short, tensors end within tiles. */
  private static ModelSpec spec(boolean most, String dtype, String optimizer, String aggregator) {
    return spec(
        most
            ? "\"a\": [3], \"b\": [200001], \"c\": [144837]"
            : "\"a\": [3], \"b\": [40001], \"c\": [31837]",
        dtype,
        optimizer,
        aggregator);
  }

  private static ModelSpec spec(String tensors, String dtype, String optimizer, String aggregator) {
    String json =
        """
        {"tensors": {%s}, "dtype": "%s", "optimizer": %s,
         "aggregator": ["%s", {}], "update_bound": {"max_norm": 300},
         "round": {"min_updates": %s}}\
        """
            .formatted(tensors, dtype, optimizer, aggregator, CLIENTS);
    return SpecCodec.read(Json.readObject(new ByteArrayInputStream(json.getBytes(UTF_8))));
  }

  /**
   * Every aggregator with every optimizer in few shards, and a pair in the most; all with all would
   * take minutes.
   */
  @ParameterizedTest
  @CsvSource({
    "float32,0", "float32,1", "float32,2", "float32,3", "float32,4",
    "float64,0", "float64,1", "float64,2", "float64,3", "float64,4"
  })
  void shards_doNotShow(String dtype, int optimizer, @TempDir Path root) throws Exception {
    int shift = optimizer + (dtype.equals("float32") ? 0 : 3);
    int rules = KnownAggregators.ALL.size();
    var few = new TreeMap<Integer, Integer>();
    for (int rule = 0; rule < rules; rule++) {
      few.put(rule, FEW[(rule + shift) % FEW.length]);
    }
    assertSame(root.resolve("few"), dtype, OPTIMIZERS.get(optimizer), few);
    Map<Integer, Integer> most = Map.of(shift % rules, MOST);
    assertSame(root.resolve("most"), dtype, OPTIMIZERS.get(optimizer), most);
  }

  /** Whole tiles of them, a run that is plain, and cuts between shards within a plain tensor. */
  @ParameterizedTest
  @CsvSource({"float32,1", "float64,2", "float32,3", "float64,4"})
  void shards_doNotShow_wherePlainTensorsAre(String dtype, int optimizer, @TempDir Path root)
      throws Exception {
    String tensors =
        """
        "a": [3], "m": {"shape": [40001], "step": "plain"}, "b": [9], "v": {"shape": [5],
        "step": "plain"}, "c": [20000], "n": {"shape": [11820], "step": "plain"}\
        """;
    ModelSpec spec = spec(tensors, dtype, OPTIMIZERS.get(optimizer), "averaging");
    byte[][] updates = ShardedCloses.updates(spec, CLIENTS, 2);
    try (var closes = new ShardedCloses(root)) {
      closes.begin(spec, ShardedCloses.updates(spec, CLIENTS, 1));
      assertSame(closes, spec, updates, 2);
      assertSame(closes, spec, updates, 5);
    }
  }

  /** Compares the files of closes by each of those rules, whole and in so many shards. */
  private static void assertSame(
      Path root, String dtype, String optimizer, Map<Integer, Integer> counts) throws Exception {
    boolean most = counts.containsValue(MOST);
    ModelSpec first = spec(most, dtype, optimizer, "averaging");
    byte[][] updates = ShardedCloses.updates(first, CLIENTS, 2);
    try (var closes = new ShardedCloses(root)) {
      closes.begin(first, ShardedCloses.updates(first, CLIENTS, 1));
      for (var one : counts.entrySet()) {
        String name = KnownAggregators.ALL.get(one.getKey()).name();
        assertSame(closes, spec(most, dtype, optimizer, name), updates, one.getValue());
      }
    }
  }

  /** Compares the files of a close, whole and in so many shards. */
  private static void assertSame(ShardedCloses closes, ModelSpec spec, byte[][] updates, int count)
      throws Exception {
    Map<String, byte[]> whole = taken(closes.whole(spec, updates));
    Map<String, byte[]> sharded = taken(closes.sharded(spec, updates, count));
    assertThat(whole).hasSize(4);
    assertThat(sharded.keySet()).isEqualTo(whole.keySet());
    sharded.forEach((file, bytes) ->
        assertThat(Arrays.equals(bytes, whole.get(file)))
            .as("%s of %s in %s shards", file, spec.aggregator().name(), count)
            .isTrue());
  }

  /** A folder's files, which are removed. */
  private static Map<String, byte[]> taken(Path folder) throws IOException {
    var all = new TreeMap<String, byte[]>();
    List<Path> found;
    try (Stream<Path> files = Files.list(folder)) {
      found = new ArrayList<>(files.toList());
    }
    for (Path file : found) {
      all.put(file.getFileName().toString(), Files.readAllBytes(file));
      Files.delete(file);
    }
    Files.delete(folder);
    return all;
  }
}
