package io.fedstep.bench;

/** Work that a server is given from its first request on, turn by turn. */
interface FirstWork extends AutoCloseable {
  /** Does the next turn; returns the seconds that it took. */
  double turn() throws Exception;

  /** Rounds of large updates: from the first byte sent to the answer of the close. */
  static FirstWork rounds(Subject subject, String model, int clients, Gradients gradients)
      throws Exception {
    subject.create(model, gradients.size(), clients, clients + 1);
    double norm = gradients.normOfMean(clients);
    var crowd = new Crowd(subject.port(), clients);
    return new FirstWork() {
      private int round;

      @Override
      public double turn() throws Exception {
        long started = System.nanoTime();
        crowd.update(model, round++, clients, gradients);
        var closed = subject.close(model);
        double seconds = (System.nanoTime() - started) * 1e-9;
        Records.check(closed, clients, norm);
        return seconds;
      }

      @Override
      public void close() throws Exception {
        crowd.close();
      }
    };
  }

  /** Crowds of small updates: from the first byte sent to the last 201; closes are not timed. */
  static FirstWork crowds(
      Subject subject, String model, int clients, int connections, Gradients gradients)
      throws Exception {
    subject.create(model, gradients.size(), clients, clients + 1);
    double norm = gradients.normOfMean(clients);
    var flood = new Flood(subject.port(), connections);
    return new FirstWork() {
      private int round;

      @Override
      public double turn() throws Exception {
        String path = "/v1/models/%s/rounds/%s/updates/c".formatted(model, round++);
        double seconds = flood.seconds(clients, client -> path + client, gradients);
        Records.check(subject.close(model), clients, norm);
        return seconds;
      }

      @Override
      public void close() throws Exception {
        flood.close();
      }
    };
  }

  @Override
  void close() throws Exception;
}
