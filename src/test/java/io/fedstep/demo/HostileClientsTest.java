package io.fedstep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.client.Administration;
import io.fedstep.client.Fedstep;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import io.fedstep.contract.Server;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The digits, with two clients of ten that send -10 times their gradient. */
class HostileClientsTest {
  private static final int ROUNDS = 12;

  private final DigitsData digits = DigitsData.split(DigitsData.read());

  /**
   * The training images dealt out evenly. Where each client holds digits of its own, honest
   * gradients differ as much as hostile ones, and the median of each coordinate learns little.
   */
  private List<List<Digit>> dealt() {
    List<Digit> all = digits.clients().stream().flatMap(List::stream).toList();
    return IntStream.range(0, DigitsData.CLIENTS)
        .mapToObj(k ->
            IntStream.range(0, all.size())
                .filter(i -> i % DigitsData.CLIENTS == k)
                .mapToObj(all::get)
                .toList())
        .toList();
  }

  /** The test accuracy after some rounds by that aggregator. */
  private double accuracy(String aggregator, int hostile) throws IOException, InterruptedException {
    try (var fedstep = Fedstep.at(Server.shared().address())) {
      RemoteModel model = fedstep.model("hostile-digits");
      Administration.of(model).delete();
      model.create(
          """
          {"tensors": {"coef": [10, 64], "intercept": [10]}, "aggregator": "%s",
           "optimizer": {"lrate": 0.05, "modules": ["rmsprop"]}, "round": {"min_updates": 10}}\
          """
              .formatted(aggregator));
      List<List<Digit>> clients = dealt();
      Weights weights = model.newest();
      for (int round = 0; round < ROUNDS; round++) {
        for (int k = 0; k < clients.size(); k++) {
          Softmax.Result result = Softmax.gradient(weights.floats(), clients.get(k));
          if (k < hostile) {
            turn(result.gradient());
          }
          model.submit(
              "client-" + k, weights, Update.of(result.gradient()).weighing(clients.get(k).size()));
        }
        weights = model.after(weights);
      }
      return Softmax.accuracy(weights.floats(), digits.test());
    }
  }

  private static void turn(float[] gradient) {
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] *= -10;
    }
  }

  @Test
  void hostileClients_spoilTheMean_andNotRobustRules() throws Exception {
    double clean = accuracy("averaging", 0);
    assertThat(clean).isGreaterThan(0.9);
    assertThat(accuracy("averaging", 2)).isLessThan(clean - 0.03);
    for (String rule : List.of("trimmed-mean", "median", "multi-krum")) {
      assertThat(accuracy(rule, 2)).as(rule).isGreaterThanOrEqualTo(clean - 0.03);
    }
  }
}
