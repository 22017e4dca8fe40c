package io.fedstep.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.aggregate.KnownAggregators;
import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.model.ModelSpec;
import io.fedstep.store.Unforced;
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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A version has the same bytes however many shards compute it. */
class ShardedCloseTest {
  private static final int CLIENTS = 8;
  private static final int[] COUNTS = {1, 2, 3, 5, 16};

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

  private static Unforced disk;

  @BeforeAll
  static void spareTheDisk() {
    disk = new Unforced();
  }

  @AfterAll
  static void useItAgain() {
    disk.close();
  }

  /** 22 tiles, the last one short; tensors that begin and end within tiles. */
  private static ModelSpec spec(String dtype, String optimizer, String aggregator) {
    String json =
        """
        {"tensors": {"a": [3], "b": [200001], "c": [144837]}, "dtype": "%s", "optimizer": %s,
         "aggregator": ["%s", {}], "update_bound": {"max_norm": 300},
         "round": {"min_updates": %s}}\
        """
            .formatted(dtype, optimizer, aggregator, CLIENTS);
    return SpecCodec.read(Json.readObject(new ByteArrayInputStream(json.getBytes(UTF_8))));
  }

  /**
   * Every aggregator with every optimizer, and both with every number of shards; all three together
   * would take minutes.
   */
  @ParameterizedTest
  @CsvSource({
    "float32,0", "float32,1", "float32,2", "float32,3", "float32,4",
    "float64,0", "float64,1", "float64,2", "float64,3", "float64,4"
  })
  void shards_doNotShow(String dtype, int optimizer, @TempDir Path root) throws Exception {
    ModelSpec first = spec(dtype, OPTIMIZERS.get(optimizer), "averaging");
    byte[][] updates = ShardedCloses.updates(first, CLIENTS, 2);
    int shift = optimizer + (dtype.equals("float32") ? 0 : 2);
    try (var closes = new ShardedCloses(root)) {
      closes.begin(first, ShardedCloses.updates(first, CLIENTS, 1));
      for (int rule = 0; rule < KnownAggregators.ALL.size(); rule++) {
        String name = KnownAggregators.ALL.get(rule).name();
        ModelSpec spec = spec(dtype, OPTIMIZERS.get(optimizer), name);
        int count = COUNTS[(rule + shift) % COUNTS.length];
        Map<String, byte[]> whole = taken(closes.whole(spec, updates));
        Map<String, byte[]> sharded = taken(closes.sharded(spec, updates, count));
        assertThat(whole).hasSize(4);
        assertThat(sharded.keySet()).isEqualTo(whole.keySet());
        sharded.forEach((file, bytes) ->
            assertThat(Arrays.equals(bytes, whole.get(file)))
                .as("%s of %s in %s shards", file, name, count)
                .isTrue());
      }
    }
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
