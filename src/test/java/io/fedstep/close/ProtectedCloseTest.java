package io.fedstep.close;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.aggregate.Averaging;
import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.HashedNoise;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.Protection;
import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.privacy.AdaptiveClip;
import io.fedstep.process.BesideOthers;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A close with a protection: its sums, counts and key, the same bytes in any number of shards. */
@BesideOthers
class ProtectedCloseTest {
  private static final int CLIENTS = 5;
  private static final long SIZE = 70_001; // five tiles, the last one short

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void gradient_isTheProtectedSum_inAnyNumberOfShards(Dtype dtype, @TempDir Path root)
      throws Exception {
    var protection = new HashedNoise(200);
    ModelSpec spec = spec(dtype, protection);
    byte[][] updates = ShardedCloses.updates(spec, CLIENTS, 2);
    try (var closes = new ShardedCloses(root)) {
      closes.begin(spec, ShardedCloses.updates(spec, CLIENTS, 1));
      byte[] whole = taken(closes.whole(spec, updates));
      assertThat(values(dtype, whole)).isEqualTo(expected(dtype, protection, updates));
      for (int shards : new int[] {2, 3, 5}) {
        assertThat(taken(closes.sharded(spec, updates, shards))).isEqualTo(whole);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"FLOAT32, false", "FLOAT64, false", "FLOAT32, true", "FLOAT64, true"})
  void noise_isTheSame_inAnyNumberOfShards(Dtype dtype, boolean adapts, @TempDir Path root)
      throws Exception {
    AdaptiveClip adaptive = adapts ? new AdaptiveClip(0.5, 0.2) : null;
    double multiplier = adapts ? 0.25 : 1.5;
    ModelSpec spec =
        spec(dtype, new DifferentialPrivacy(200, multiplier, null, 1e-5, null, adaptive, null));
    byte[][] updates = ShardedCloses.updates(spec, CLIENTS, 2);
    try (var closes = new ShardedCloses(root)) {
      closes.begin(spec, ShardedCloses.updates(spec, CLIENTS, 1));
      byte[] whole = taken(closes.whole(spec, updates));
      for (int shards : new int[] {2, 5}) {
        assertThat(taken(closes.sharded(spec, updates, shards))).isEqualTo(whole);
      }
    }
  }

  private static ModelSpec spec(Dtype dtype, Protection protection) {
    return new ModelSpec(
        new TensorLayout(Map.of("w", List.of(SIZE))),
        dtype,
        new Optimizer(0.5, 0, List.of()),
        new Averaging(false),
        null,
        protection,
        new RoundPolicy(CLIENTS, CLIENTS, null, null));
  }

  private static double[] expected(Dtype dtype, HashedNoise protection, byte[][] updates) {
    double scale = HashedNoise.GRID.scale();
    double[] mean = new double[(int) SIZE];
    for (int i = 0; i < SIZE; i++) {
      long sum = HashedNoise.noise(ShardedCloses.KEY, i);
      for (int client = 0; client < CLIENTS; client++) {
        double factor = protection.factor(ShardedCloses.norm(client)) * scale;
        sum += (long) Math.rint(value(dtype, updates[client], i) * factor);
      }
      double quotient = sum / (scale * CLIENTS);
      mean[i] = dtype == Dtype.FLOAT32 ? (float) quotient : quotient;
    }
    return mean;
  }

  private static double value(Dtype dtype, byte[] bytes, int index) {
    ByteBuffer values = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return switch (dtype) {
      case FLOAT32 -> values.getFloat(index * Float.BYTES);
      case FLOAT64 -> values.getDouble(index * Double.BYTES);
    };
  }

  /** The values at the end of a file. */
  private static double[] values(Dtype dtype, byte[] file) {
    int head = file.length - (int) SIZE * dtype.bytes();
    double[] values = new double[(int) SIZE];
    ByteBuffer all = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < SIZE; i++) {
      int at = head + i * dtype.bytes();
      values[i] = dtype == Dtype.FLOAT32 ? all.getFloat(at) : all.getDouble(at);
    }
    return values;
  }

  /** The gradient of a version's folder, which is removed. */
  private static byte[] taken(Path folder) throws IOException {
    byte[] gradient = Files.readAllBytes(folder.resolve("gradient.safetensors"));
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
    return gradient;
  }
}
