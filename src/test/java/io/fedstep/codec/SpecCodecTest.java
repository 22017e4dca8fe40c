package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Averaging;
import io.fedstep.aggregate.Bulyan;
import io.fedstep.aggregate.GeometricMedian;
import io.fedstep.aggregate.GradientMaskedAveraging;
import io.fedstep.aggregate.Krum;
import io.fedstep.aggregate.Median;
import io.fedstep.aggregate.MultiKrum;
import io.fedstep.aggregate.TrimmedMean;
import io.fedstep.model.Buffered;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundMode;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.Synchronous;
import io.fedstep.model.UpdateBound;
import io.fedstep.optim.OptiModule;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.RmsProp;
import io.fedstep.problem.RefusedException;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Specs as JSON and back. */
class SpecCodecTest {
  private static ModelSpec random(Random random) {
    var shapes = new LinkedHashMap<String, List<Long>>();
    for (int tensors = 1 + random.nextInt(4); tensors > 0; tensors--) {
      var shape = new ArrayList<Long>();
      for (int dimensions = random.nextInt(4); dimensions > 0; dimensions--) {
        shape.add(random.nextLong(1, 1L << (1 + random.nextInt(20))));
      }
      shapes.put("t/\"" + tensors + "\u03ba" + random.nextInt(9), shape);
    }
    RoundMode mode =
        random.nextBoolean()
            ? new Synchronous()
            : new Buffered(random.nextInt(20), random.nextDouble());
    var plain = new HashSet<String>();
    if (!mode.isBuffer()) {
      shapes.keySet().stream().skip(1).filter(_ -> random.nextBoolean()).forEach(plain::add);
    }
    var modules = new ArrayList<OptiModule>();
    for (int count = random.nextInt(3); count > 0; count--) {
      modules.add(new RmsProp(random.nextDouble(), random.nextDouble() + 1e-300));
    }
    Aggregator aggregator = aggregator(random);
    int least = aggregator.leastUpdates() + random.nextInt(100);
    return new ModelSpec(
            new TensorLayout(shapes, plain),
            random.nextBoolean() ? Dtype.FLOAT32 : Dtype.FLOAT64,
            new Optimizer(
                random.nextDouble() + 1e-9, random.nextInt(2) * random.nextDouble(), modules),
            aggregator,
            random.nextBoolean() ? null : bound(random),
            new RoundPolicy(
                least,
                mode.isBuffer() ? least : least + random.nextInt(100),
                random.nextBoolean() ? null : Duration.ofMillis(1 + random.nextInt(100_000)),
                random.nextBoolean() ? null : random.nextLong(1, 1L << 52),
                1 - random.nextDouble(),
                mode))
        .requiringWeights(random.nextBoolean());
  }

  private static Aggregator aggregator(Random random) {
    Integer byzantine = random.nextBoolean() ? null : random.nextInt(9);
    return switch (random.nextInt(8)) {
      case 0 -> new Averaging(random.nextBoolean());
      case 1 -> new GradientMaskedAveraging(random.nextDouble(), random.nextBoolean());
      case 2 -> new Median();
      case 3 -> new TrimmedMean(random.nextDouble() / 2);
      case 4 -> new Krum(byzantine);
      case 5 ->
          new MultiKrum(
              byzantine, random.nextBoolean() ? null : 1 + random.nextInt(9), random.nextBoolean());
      case 6 -> new Bulyan(byzantine);
      default -> new GeometricMedian(1 + random.nextInt(100), random.nextDouble() + 1e-300);
    };
  }

  private static UpdateBound bound(Random random) {
    Double norm = random.nextBoolean() ? (Double) (random.nextDouble() + 1e-300) : null;
    return new UpdateBound(
        norm,
        norm == null || random.nextBoolean() ? (Double) (double) (1L << random.nextInt(54)) : null,
        random.nextBoolean() ? UpdateBound.Action.CLIP : UpdateBound.Action.REFUSE);
  }

  @Test
  void spec_readsBackEqual() {
    var random = new Random(1);
    for (int i = 0; i < 500; i++) {
      ModelSpec spec = random(random);
      byte[] bytes = Json.write(SpecCodec.write(spec));
      ModelSpec back = SpecCodec.read(Json.readObject(new ByteArrayInputStream(bytes)));
      assertThat(back).as(() -> new String(bytes, UTF_8)).isEqualTo(spec);
      assertThat(SpecCodec.write(back)).isEqualTo(SpecCodec.write(spec));
    }
  }

  @Test
  void defaults_areTheContracts() {
    ModelSpec spec = SpecCodec.read(Json.readObject(Specs.in("{\"tensors\": {\"w\": [3]}}")));
    assertThat(new String(Json.write(SpecCodec.write(spec)), UTF_8).replaceAll("\\s", ""))
        .isEqualTo(
            """
            {"tensors":{"w":[3]},"dtype":"float32",
            "optimizer":{"lrate":0.01,"w_decay":0.0,"regularizers":[],
            "modules":[["rmsprop",{"beta":0.9,"eps":1.0E-7}]]},
            "aggregator":["averaging",{"steps_weighted":true}],
            "round":{"min_updates":1,"max_updates":1,"timeout":null,"rounds":null,
            "participation":1.0,"mode":"synchronous"},"weights":"zeros"}\
            """
                .replaceAll("\\s", ""));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void damagedSpecs_areReadOrRefused(long seed) {
    var random = new Random(seed);
    String letters = "{}[]\",:0123456789.eE+-ntrufalsi\\ ";
    for (int i = 0; i < 3000; i++) {
      var text = new StringBuilder(new String(Json.write(SpecCodec.write(random(random))), UTF_8));
      for (int change = random.nextInt(3); change >= 0; change--) {
        int place = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.setCharAt(place, letters.charAt(random.nextInt(letters.length())));
          case 1 -> text.deleteCharAt(place);
          default -> text.insert(place, letters.charAt(random.nextInt(letters.length())));
        }
      }
      Throwable thrown =
          catchThrowable(() -> SpecCodec.read(Json.readObject(Specs.in(text.toString()))));
      assertThat(thrown)
          .as(text::toString)
          .matches(it -> it == null || it instanceof RefusedException, "nothing or a refusal");
    }
  }
}
