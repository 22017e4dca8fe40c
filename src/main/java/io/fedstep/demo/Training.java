package io.fedstep.demo;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import tools.jackson.databind.JsonNode;

/** A hundred rounds of ten clients, a printed line for each. */
final class Training {
  static final int ROUNDS = 100;

  private static final String SPEC =
      """
      {
        "tensors": {"coef": [10, 64], "intercept": [10]},
        "optimizer": {"lrate": 0.02, "modules": ["rmsprop"]},
        "round": {"min_updates": 10, "max_updates": 10, "rounds": %d}
      }
      """
          .formatted(ROUNDS);

  private final ModelApi model;
  private final PrintStream out;
  private final DigitsData data = DigitsData.split(DigitsData.read());
  private final long startNanos = System.nanoTime();

  Training(ModelApi model, PrintStream out) {
    this.model = model;
    this.out = out;
  }

  /**
   * Trains and gives the test accuracy of the last version.
   *
   * @throws ExecutionException with the first failure of a client, which ends all others
   */
  double run() throws IOException, InterruptedException, ExecutionException {
    model.recreate(SPEC);
    out.printf(
        "Ten clients train on %d hand-written digits, %d are kept for testing.%n",
        data.clients().stream().mapToInt(List::size).sum(), data.test().size());
    out.println("round  updates    loss  accuracy     time");
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var clients = new ExecutorCompletionService<Void>(threads);
      for (int k = 0; k < DigitsData.CLIENTS; k++) {
        clients.submit(train(k));
      }
      try {
        for (int k = 0; k < DigitsData.CLIENTS; k++) {
          clients.take().get();
        }
      } finally {
        threads.shutdownNow();
      }
    }
    return Softmax.accuracy(model.newest().values(), data.test());
  }

  private Callable<Void> train(int k) {
    var client = new TrainingClient("client-" + k, model, data.clients().get(k));
    // who observes takes part: no round can complete before the line of the one before is printed
    TrainingClient.Observer observer = k == 0 ? this::print : weights -> {};
    return () -> {
      client.train(ROUNDS, observer);
      return null;
    };
  }

  private void print(Weights made) throws IOException, InterruptedException {
    JsonNode round = model.round(made.version() - 1);
    out.printf(
        Locale.ROOT,
        "%5d  %7d  %6.3f  %8.3f  %5.2f s%n",
        made.version() - 1,
        round.required("updates").asInt(),
        round.required("metrics").required("loss").asDouble(),
        Softmax.accuracy(made.values(), data.test()),
        (System.nanoTime() - startNanos) / 1e9);
  }
}
