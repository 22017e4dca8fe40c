package io.fedstep.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Connections to one server that work at the same time, a thread each. */
final class Crowd implements AutoCloseable {
  /** What is done for a number, over whichever connection is free. */
  interface Job {
    void run(Connection connection, int number) throws Exception;
  }

  private final List<Connection> connections = new ArrayList<>();
  private final ExecutorService threads;

  Crowd(int port, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      connections.add(new Connection(port));
    }
    threads = Executors.newFixedThreadPool(count);
  }

  /** Does the job for 0 to {@code jobs - 1}; returns the seconds from the first to the last. */
  double seconds(int jobs, Job job) throws Exception {
    var next = new AtomicInteger();
    var started = new long[1];
    var barrier = new CyclicBarrier(connections.size(), () -> started[0] = System.nanoTime());
    var running = new ArrayList<Future<?>>();
    for (Connection connection : connections) {
      running.add(
          threads.submit(() -> {
            barrier.await();
            for (int i = next.getAndIncrement(); i < jobs; i = next.getAndIncrement()) {
              job.run(connection, i);
            }
            return null;
          }));
    }
    for (Future<?> one : running) {
      one.get();
    }
    return (System.nanoTime() - started[0]) * 1e-9;
  }

  /** Has updates of so many clients accepted in a round; returns the seconds that took. */
  double update(String model, int round, int clients, Gradients gradients) throws Exception {
    return update(model, round, clients, gradients, "");
  }

  /** The same with a query in the address of each. */
  double update(String model, int round, int clients, Gradients gradients, String query)
      throws Exception {
    return seconds(
        clients,
        (connection, client) -> {
          String path =
              "/v1/models/%s/rounds/%s/updates/c%s%s".formatted(model, round, client, query);
          connection.put(path, gradients.body(client)).is(201);
        });
  }

  @Override
  public void close() throws IOException {
    threads.shutdownNow();
    for (Connection connection : connections) {
      connection.close();
    }
  }
}
