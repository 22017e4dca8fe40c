package io.fedstep.warm;

import io.fedstep.client.Fedstep;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Weights;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Work of the common kinds, over HTTP: rounds of a model, crowds of small updates, questions in
 * every format, and rounds of a large model.
 */
public final class Load {
  /**
   * How much of each kind.
   *
   * @param parameters of the model with many rounds; the large one has ten times as many
   * @param rounds of that model
   * @param crowd small updates in each of three rounds
   * @param questions times that everything is asked
   */
  public record Size(int parameters, int rounds, int crowd, int questions) {
    /** Until what matters is compiled: about 20 seconds on two cores. */
    public static final Size FULL = new Size(1_000_000, 25, 3200, 40);

    /** Each kind once or twice. */
    public static final Size TINY = new Size(1000, 2, 64, 1);
  }

  private static final int CLIENTS = 10;
  private static final int CROWD_ROUNDS = 3;
  private static final int CROWD_VALUES = 1024;
  private static final int CONNECTIONS = 64;
  private static final int LARGE_CLIENTS = 4;
  private static final int LARGE_ROUNDS = 4;

  private final URI server;
  private final Size size;
  private final Consumer<String> progress;
  private final long startNanos = System.nanoTime();

  /** The load for a server without authentication; it prints a line for each step. */
  public Load(URI server, Size size, Consumer<String> progress) {
    this.server = server;
    this.size = size;
    this.progress = progress;
  }

  /** Ends with the first failure. */
  public void run() throws IOException, InterruptedException, ExecutionException {
    try (var fedstep = Fedstep.at(server);
        var questions = new Questions(server, "warm-crowd")) {
      say("%s rounds of %s clients, %s values", size.rounds, CLIENTS, size.parameters);
      train(fedstep.model("warm-rounds"));
      say("%s small updates, %s at once", CROWD_ROUNDS * size.crowd, CONNECTIONS);
      crowd(fedstep.model("warm-crowd"));
      say("%s times all questions", size.questions);
      questions.ask(size.questions);
      say("%s rounds of %s clients, %s values", LARGE_ROUNDS, LARGE_CLIENTS, 10 * size.parameters);
      large(fedstep.model("warm-large"));
      say("done");
    }
  }

  private void say(String what, Object... numbers) {
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    progress.accept(
        String.format(Locale.ROOT, "%5.1f s  ", seconds) + what.formatted((Object[]) numbers));
  }

  /** Each client computes, submits and waits for the next version. */
  private void train(RemoteModel model)
      throws IOException, InterruptedException, ExecutionException {
    model.create(spec(size.parameters, CLIENTS, size.rounds));
    var gradients = new Gradients(size.parameters);
    each(
        CLIENTS,
        CLIENTS,
        client ->
            () ->
                model.train(
                    "client-" + client, base -> gradients.update(client, (int) base.version())));
  }

  private void crowd(RemoteModel model)
      throws IOException, InterruptedException, ExecutionException {
    model.create(spec(CROWD_VALUES, size.crowd, CROWD_ROUNDS));
    submitted(model, CROWD_ROUNDS, size.crowd, new Gradients(CROWD_VALUES));
  }

  private void large(RemoteModel model)
      throws IOException, InterruptedException, ExecutionException {
    model.create(spec(10 * size.parameters, LARGE_CLIENTS, LARGE_ROUNDS));
    submitted(model, LARGE_ROUNDS, LARGE_CLIENTS, new Gradients(10 * size.parameters));
  }

  /** One waits for the next version, and all submit to it. */
  private static void submitted(RemoteModel model, int rounds, int clients, Gradients gradients)
      throws IOException, InterruptedException, ExecutionException {
    Weights base = model.newest();
    for (int round = 0; round < rounds; round++) {
      Weights from = base;
      int number = round;
      each(
          clients,
          CONNECTIONS,
          client -> () -> model.submit("c" + client, from, gradients.update(client, number)));
      base = model.after(base);
    }
  }

  private static String spec(int parameters, int clients, int rounds) {
    return """
    {"tensors": {"w": [%1$s]}, "optimizer": {"lrate": 0.01, "modules": ["rmsprop"]},
     "round": {"min_updates": %2$s, "max_updates": %2$s, "rounds": %3$s}}\
    """
        .formatted(parameters, clients, rounds);
  }

  private static void each(int count, int atOnce, IntFunction<Callable<?>> work)
      throws InterruptedException, ExecutionException {
    var places = new Semaphore(atOnce);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> running = new ArrayList<>();
      IntStream.range(0, count)
          .mapToObj(work)
          .forEach(one ->
              running.add(
                  threads.submit(() -> {
                    places.acquire();
                    try {
                      return one.call();
                    } finally {
                      places.release();
                    }
                  })));
      try {
        for (Future<?> one : running) {
          one.get();
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }
}
