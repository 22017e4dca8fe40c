package io.fedstep.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.aggregate.Averaging;
import io.fedstep.aggregate.Distances;
import io.fedstep.aggregate.Rows;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.StepContext;
import io.fedstep.privacy.Noise;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.Invitation;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * An audit from outside: a small model is trained a thousand times, in one half of the runs with a
 * client whose update is as large as it may be, always in the same direction. How well the
 * gradients tell the halves apart bounds ε from below, which may not exceed what is stated.
 */
@BesideOthers
class CanaryAuditTest {
  private static final int RUNS = 1000;
  private static final int ROUNDS = 4;
  private static final int SIZE = 30;
  private static final int OTHERS = 9;
  private static final double DELTA = 1e-5;

  /** One bound in ten thousand is wrong by chance. */
  private static final double DOUBT = 1e-4;

  private static ModelSpec spec(double multiplier, double share) {
    boolean isSampled = share < 1;
    return new ModelSpec(
        new TensorLayout(Map.of("w", List.of((long) SIZE))),
        Dtype.FLOAT64,
        new Optimizer(1, 0, List.of()),
        new Averaging(false),
        null,
        new DifferentialPrivacy(1, multiplier, null, DELTA, isSampled ? OTHERS : null),
        new RoundPolicy(1, 1000, Duration.ofSeconds(1), null, share, new Synchronous()));
  }

  /** One row an update. */
  private record Updates(List<double[]> values) implements Rows {
    @Override
    public int count() {
      return values.size();
    }

    @Override
    public void read(int row, int from, Tile into) {
      System.arraycopy(values.get(row), from, ((DoubleTile) into).values(), 0, into.length());
    }

    @Override
    public void gather(int row, int from, int[] indexes, int count, double[] into) {
      Arrays.setAll(into, i -> i < count ? value(row, from + indexes[i]) : into[i]);
    }

    @Override
    public double value(int row, int index) {
      return values.get(row)[index];
    }
  }

  private static double norm(double[] update) {
    return Math.sqrt(Arrays.stream(update).map(it -> it * it).sum());
  }

  /** The sum over a run's rounds of the gradient's coordinate in which the canary is. */
  private static double train(ModelSpec spec, boolean hasCanary, Random random) {
    String seed = Long.toHexString(random.nextLong()) + Long.toHexString(random.nextLong());
    double sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
      var updates = new ArrayList<double[]>();
      for (int client = 0; client <= OTHERS; client++) {
        double[] update = new double[SIZE];
        if (client == 0) {
          update[0] = hasCanary ? 1e6 : 0; // is cut to 1; or adds nothing
        } else {
          Arrays.setAll(update, i -> i == 0 ? 0 : random.nextGaussian());
        }
        if (Invitation.holds("m", round, "c" + client, seed, spec.round().participation())) {
          updates.add(update);
        }
      }
      byte[] key = new byte[Noise.KEY_BYTES];
      random.nextBytes(key);
      double[] weights = updates.stream().mapToDouble(_ -> 1).toArray();
      double[] norms = updates.stream().mapToDouble(CanaryAuditTest::norm).toArray();
      var context = new StepContext.Step(round == 0, List.of(), round + 1, "");
      ServerStep step =
          new CloseChain(spec, context, weights, norms, key).begin(Distances.NONE, SIZE).get();
      Tile gradient = Tile.zeros(Dtype.FLOAT64, SIZE);
      Tile model = Tile.zeros(Dtype.FLOAT64, SIZE);
      double _ = step.aggregate(new Range(0, SIZE), new Updates(updates), model, gradient);
      sum += gradient.get(0);
    }
    return sum;
  }

  /** What the runs of a mechanism prove of its ε, by the best of all thresholds. */
  private static double proven(ModelSpec spec, long seed) {
    var random = new Random(seed);
    double[] out = new double[RUNS / 2];
    double[] in = new double[RUNS / 2];
    Arrays.setAll(out, _ -> train(spec, false, random));
    Arrays.setAll(in, _ -> train(spec, true, random));
    return Arrays.stream(in)
        .map(threshold -> {
          long right = Arrays.stream(in).filter(it -> it >= threshold).count();
          long wrong = Arrays.stream(out).filter(it -> it >= threshold).count();
          double atLeast = 1 - mostLikely(RUNS / 2 - right, RUNS / 2);
          return Math.log((atLeast - DELTA) / mostLikely(wrong, RUNS / 2));
        })
        .filter(Double::isFinite)
        .max()
        .orElse(0);
  }

  /** The largest probability of which so many successes, or fewer, are not beyond doubt. */
  private static double mostLikely(long successes, int trials) {
    double below = (double) successes / trials;
    double above = 1;
    for (int i = 0; i < 60; i++) {
      double middle = (below + above) / 2;
      if (atMost(successes, trials, middle) > DOUBT) {
        below = middle;
      } else {
        above = middle;
      }
    }
    return above;
  }

  /** The probability of so many successes, or fewer. */
  private static double atMost(long successes, int trials, double p) {
    double log = trials * Math.log1p(-p);
    double sum = Math.exp(log);
    for (long i = 1; i <= successes; i++) {
      log += Math.log((trials - i + 1.0) / i) + Math.log(p) - Math.log1p(-p);
      sum += Math.exp(log);
    }
    return sum;
  }

  private static double stated(double multiplier, double share) {
    ModelSpec spec = spec(multiplier, share);
    if (!(spec.protection() instanceof DifferentialPrivacy privacy)) {
      throw new AssertionError("an open model");
    }
    return privacy.accountant(spec.round()).cost(ROUNDS).epsilon();
  }

  @ParameterizedTest
  @CsvSource({"2.5, 1, 1", "1, 1, 2", "0.7, 0.3, 3"})
  void canary_isToldApart_noBetterThanIsStated(double multiplier, double share, long seed) {
    double proven = proven(spec(multiplier, share), seed);
    double stated = stated(multiplier, share);
    assertThat(proven).as("seed %s", seed).isBetween(0.1, stated);
  }

  /** The audit would find out that there is less noise. */
  @ParameterizedTest
  @CsvSource({"6, 0.6, 1, 4", "6, 0.3, 0.3, 5"})
  void canaryInTooLittleNoise_isFound(double said, double made, double share, long seed) {
    double proven = proven(spec(made, share), seed);
    assertThat(proven).as("seed %s", seed).isGreaterThan(stated(said, share));
  }
}
