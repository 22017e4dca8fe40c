package io.fedstep.demo;

import io.fedstep.client.Administration;
import io.fedstep.client.Participation;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
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
        "round": {"min_updates": 10, "max_updates": 10, "rounds": %s}
      }
      """
          .formatted(ROUNDS);

  /** The same, but that clients mask their updates, of which no value comes near the clip. */
  private static final String SECURE_SPEC =
      """
      {
        "tensors": {"coef": [10, 64], "intercept": [10]},
        "optimizer": {"lrate": 0.02, "modules": ["rmsprop"]},
        "round": {"min_updates": 10, "max_updates": 10, "rounds": %s, "timeout": "60s"},
        "secure": {"clip": 8, "metrics": ["loss", "accuracy"]}
      }
      """
          .formatted(ROUNDS);

  private final RemoteModel model;
  private final boolean isSecure;
  private final PrintStream out;
  private final DigitsData data = DigitsData.split(DigitsData.read());
  private final long startNanos = System.nanoTime();

  /**
   * A training of a model that is not there yet.
   *
   * @param isSecure whether the server sees the sum of a round alone
   */
  Training(RemoteModel model, boolean isSecure, PrintStream out) {
    this.model = model;
    this.isSecure = isSecure;
    this.out = out;
  }

  /**
   * Trains and gives the test accuracy of the last version.
   *
   * @throws ExecutionException with the first failure of a client, which ends all others
   */
  double run() throws IOException, InterruptedException, ExecutionException {
    Administration.of(model).delete();
    model.create(isSecure ? SECURE_SPEC : SPEC);
    out.printf(
        "Ten clients train on %s hand-written digits, %s are kept for testing.%n",
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
    return Softmax.accuracy(model.newest().floats(), data.test());
  }

  /** A client takes part in each round with all it holds; the first one prints, too. */
  private Callable<Void> train(int k) {
    List<Digit> examples = data.clients().get(k);
    var client = Participation.of("client-" + k);
    return () -> {
      Weights last =
          model.train(
              isSecure ? client.securely() : client,
              weights -> {
                if (k == 0 && weights.version() > 0) {
                  print(weights); // before it submits: the next round cannot complete until then
                }
                return update(weights, examples);
              });
      if (k == 0) {
        print(last);
      }
      return null;
    };
  }

  private static Update update(Weights weights, List<Digit> examples) {
    Softmax.Result result = Softmax.gradient(weights.floats(), examples);
    return Update.of(result.gradient())
        .weighing(examples.size())
        .with("loss", result.loss())
        .with("accuracy", result.accuracy());
  }

  private void print(Weights made) throws IOException, InterruptedException {
    JsonNode round = model.round(made.version() - 1);
    out.printf(
        Locale.ROOT,
        "%5d  %7d  %6.3f  %8.3f  %5.2f s%n",
        made.version() - 1,
        round.required("updates").asInt(),
        round.required("metrics").required("loss").asDouble(),
        Softmax.accuracy(made.floats(), data.test()),
        (System.nanoTime() - startNanos) / 1e9);
  }
}
