package io.fedstep.aggregate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.codec.ModelBody;
import io.fedstep.codec.NewSpec;
import io.fedstep.model.ModelSpec;
import io.fedstep.optim.StepContext;
import io.fedstep.optim.TensorNorms;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rows of docs/FLOWER.md that say "equal", each against its paper's formula, in the weights
 * that clients send back. FedAdam and FedYogi are in {@code BiasCorrectionTest}.
 */
class FlowerStrategiesTest {
  private static final int ROUNDS = 6;
  private static final int CLIENTS = 9;
  private static final int VALUES = 5;

  /** A few units in the last place of the weights, which stay around 1.5; more by round. */
  private static final double FEW_ULPS = 3 * Math.ulp(1.5);

  /** A round of a server: from the weights and what clients made of them to the next weights. */
  interface Strategy {
    double[] next(double[] weights, double[][] sent, double[] examples);
  }

  record Row(String spec, Supplier<Strategy> strategy) {}

  static Stream<Named<Row>> rows() {
    return Stream.of(
        row(
            "FedAvg",
            "\"optimizer\": {\"lrate\": 1.0, \"modules\": []}",
            FlowerStrategiesTest::fedAvg),
        row(
            "FedAvgM",
            "\"optimizer\": {\"lrate\": 0.7, \"modules\": [[\"momentum\", {\"beta\": 0.6}]]}",
            () -> fedAvgM(0.7, 0.6)),
        row(
            "FedAdagrad",
            "\"optimizer\": {\"lrate\": 0.01, \"modules\": [[\"adagrad\", {\"eps\": 0.02}]]}",
            () -> fedAdagrad(0.01, 0.02)),
        row("FedMedian", rule("\"median\""), () -> eachValue(values -> middle(values, 4))),
        row(
            "FedTrimmedAvg",
            rule("[\"trimmed-mean\", {\"trim\": 0.25}]"),
            () -> eachValue(values -> middle(values, 2))),
        row("Krum", rule("[\"krum\", {\"byzantine\": 2}]"), () -> krum(2)),
        row(
            "MultiKrum",
            rule("[\"multi-krum\", {\"byzantine\": 2, \"keep\": 5, \"steps_weighted\": true}]"),
            () -> multiKrum(2, 5)),
        row("Bulyan", rule("[\"bulyan\", {\"byzantine\": 1}]"), () -> bulyan(1)));
  }

  private static Named<Row> row(String name, String spec, Supplier<Strategy> strategy) {
    return Named.of(name, new Row(spec, strategy));
  }

  private static String rule(String aggregator) {
    return "\"optimizer\": {\"lrate\": 1.0, \"modules\": []}, \"aggregator\": " + aggregator;
  }

  // --- the papers

  /**
   * {@code sum of n_k / n * w_k} (McMahan et al., Communication-Efficient Learning of Deep Networks
   * from Decentralized Data, 2017, algorithm 1).
   */
  private static double[] mean(double[][] sent, double[] examples, List<Integer> of) {
    double[] sum = new double[VALUES];
    double all = of.stream().mapToDouble(client -> examples[client]).sum();
    for (int client : of) {
      for (int i = 0; i < VALUES; i++) {
        sum[i] += examples[client] / all * sent[client][i];
      }
    }
    return sum;
  }

  private static double[] mean(double[][] sent, double[] examples) {
    return mean(sent, examples, everyone());
  }

  private static List<Integer> everyone() {
    return IntStream.range(0, CLIENTS).boxed().toList();
  }

  private static Strategy fedAvg() {
    return (_, sent, examples) -> mean(sent, examples);
  }

  /**
   * {@code v = beta * v + d; w = w - lrate * v}, d being the mean way back (Hsu, Qi, Brown,
   * Measuring the Effects of Non-Identical Data Distribution for Federated Visual Classification,
   * 2019, section 4.3).
   */
  private static Strategy fedAvgM(double lrate, double beta) {
    double[] v = new double[VALUES];
    return (weights, sent, examples) -> {
      double[] mean = mean(sent, examples);
      double[] next = new double[VALUES];
      for (int i = 0; i < VALUES; i++) {
        v[i] = beta * v[i] + (weights[i] - mean[i]);
        next[i] = weights[i] - lrate * v[i];
      }
      return next;
    };
  }

  /**
   * {@code v = v + d^2; w = w + lrate * d / (sqrt(v) + tau)}, d being the mean way (Reddi et al.,
   * Adaptive Federated Optimization, 2021, algorithm 2 with {@code beta_1 = 0}; v is 0 at first, as
   * in Flower).
   */
  private static Strategy fedAdagrad(double lrate, double tau) {
    double[] v = new double[VALUES];
    return (weights, sent, examples) -> {
      double[] mean = mean(sent, examples);
      double[] next = new double[VALUES];
      for (int i = 0; i < VALUES; i++) {
        double d = mean[i] - weights[i];
        v[i] += d * d;
        next[i] = weights[i] + lrate * d / (Math.sqrt(v[i]) + tau);
      }
      return next;
    };
  }

  /**
   * By value: the median, and the mean without the {@code beta * n} smallest and largest (Yin et
   * al., Byzantine-Robust Distributed Learning: Towards Optimal Statistical Rates, 2018,
   * definitions 1 and 2).
   */
  private static Strategy eachValue(ToDoubleFunction<double[]> middle) {
    return (_, sent, _) ->
        IntStream.range(0, VALUES)
            .mapToDouble(i -> middle.applyAsDouble(Aggregated.column(sent, i)))
            .toArray();
  }

  private static double middle(double[] values, int cut) {
    double sum = 0;
    double[] sorted = Arrays.stream(values).sorted().toArray();
    for (int i = cut; i < sorted.length - cut; i++) {
      sum += sorted[i];
    }
    return sum / (sorted.length - 2 * cut);
  }

  /**
   * Clients by the sum of the squared distances to their {@code n - f - 2} nearest (Blanchard et
   * al., Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent, 2017, section 4).
   */
  private static List<Integer> byScore(double[][] sent, List<Integer> among, int f) {
    Comparator<Integer> score =
        Comparator.comparingDouble(client ->
            among.stream()
                .filter(other -> !other.equals(client))
                .mapToDouble(other -> square(sent[client], sent[other]))
                .sorted()
                .limit(Math.max(1, among.size() - f - 2))
                .sum());
    return among.stream().sorted(score).toList();
  }

  private static double square(double[] a, double[] b) {
    return IntStream.range(0, VALUES).mapToDouble(i -> (a[i] - b[i]) * (a[i] - b[i])).sum();
  }

  private static Strategy krum(int f) {
    return (_, sent, _) -> sent[byScore(sent, everyone(), f).getFirst()];
  }

  private static Strategy multiKrum(int f, int keep) {
    return (_, sent, examples) ->
        mean(sent, examples, byScore(sent, everyone(), f).subList(0, keep));
  }

  /**
   * Krum's best, one after the other, {@code theta = n - 2f} of them; then by value the mean of the
   * {@code theta - 2f} nearest to their median (El Mhamdi et al., The Hidden Vulnerability of
   * Distributed Learning in Byzantium, 2018, section 4).
   */
  private static Strategy bulyan(int f) {
    return (_, sent, examples) -> {
      var left = new ArrayList<>(everyone());
      var chosen = new ArrayList<double[]>();
      while (chosen.size() < CLIENTS - 2 * f) {
        Integer best = byScore(sent, left, f).getFirst();
        left.removeIf(best::equals);
        chosen.add(sent[best]);
      }
      return eachValue(
              values -> {
                double median = middle(values, values.length / 2);
                return Arrays.stream(values)
                    .boxed()
                    .sorted(Comparator.comparingDouble(value -> Math.abs(value - median)))
                    .limit(values.length - 2L * f)
                    .mapToDouble(value -> value)
                    .average()
                    .orElseThrow();
              })
          .next(new double[0], chosen.toArray(double[][]::new), examples);
    };
  }

  // --- against them

  @ParameterizedTest
  @MethodSource("rows")
  void strategy_isItsPapersFormula(Row row) {
    ModelSpec spec = spec(row.spec());
    Strategy strategy = row.strategy().get();
    var random = new Random(5);
    List<List<Tile>> state = spec.optimizer().zeros(Dtype.FLOAT64, VALUES);
    double[] ours = random.doubles(VALUES, 1.4, 1.6).toArray();
    double[] papers = ours.clone();
    for (int round = 0; round < ROUNDS; round++) {
      double[][] ways = new double[CLIENTS][];
      Arrays.setAll(ways, _ -> random.doubles(VALUES, -0.05, 0.05).toArray());
      double[] examples = random.ints(CLIENTS, 1, 500).asDoubleStream().toArray();
      papers = strategy.next(papers, sent(papers, ways), examples);
      ours = step(spec, state, round, ours, sent(ours, ways), examples);
      assertThat(ours)
          .as("round %s", round)
          .containsExactly(papers, within((round + 1) * FEW_ULPS));
    }
  }

  private static ModelSpec spec(String rest) {
    String json =
        "{\"tensors\": {\"w\": [%s]}, \"dtype\": \"float64\", \"round\": {\"min_updates\": %s}, %s}"
            .formatted(VALUES, CLIENTS, rest);
    return ((NewSpec) ModelBody.read(new ByteArrayInputStream(json.getBytes(UTF_8)))).spec();
  }

  private static double[][] sent(double[] weights, double[][] ways) {
    return Arrays.stream(ways)
        .map(way -> IntStream.range(0, VALUES).mapToDouble(i -> weights[i] + way[i]).toArray())
        .toArray(double[][]::new);
  }

  /** A round as the server has it: what was sent comes as weights before minus weights after. */
  private static double[] step(
      ModelSpec spec,
      List<List<Tile>> state,
      long round,
      double[] weights,
      double[][] sent,
      double[] examples) {
    double[][] updates = new double[CLIENTS][VALUES];
    for (int client = 0; client < CLIENTS; client++) {
      for (int i = 0; i < VALUES; i++) {
        updates[client][i] = weights[i] - sent[client][i];
      }
    }
    double[] mean = Aggregated.by(spec.aggregator(), Dtype.FLOAT64, examples, updates);
    var gradient = new DoubleTile(mean, VALUES);
    var optimizer = spec.optimizer();
    var step =
        new StepContext.Step(
            round == 0, optimizer.modules().stream().map(_ -> round).toList(), round + 1, "");
    optimizer.precondition(
        optimizer.passes().getFirst(),
        gradient,
        state,
        step,
        new Range(0, VALUES),
        TensorNorms.none(spec.layout()));
    double[] next = weights.clone();
    optimizer.apply(
        gradient, new DoubleTile(next, VALUES), round, Tile.zeros(Dtype.FLOAT64, VALUES));
    return next;
  }
}
