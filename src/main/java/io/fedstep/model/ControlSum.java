package io.fedstep.model;

import io.fedstep.aggregate.Rows;
import io.fedstep.optim.ScaffoldServer;
import io.fedstep.vector.Tile;
import java.util.Arrays;

/**
 * Adds to the sum {@code s} of clients' controls what the updates of a round change of it (S. P.
 * Karimireddy et al., SCAFFOLD, 2020, option II): {@code s = s + sum(u / H) - n c}, where {@code c
 * = s / N} is what the clients trained with. In double, update after update, and rounded once to
 * the dtype before it is added. It has buffers, for one thread.
 */
final class ControlSum {
  private final double[] inverses;
  private final int clients;
  private final Tile row;
  private final Tile control;
  private final double[] changes;

  /**
   * The change that a round makes.
   *
   * @param rates {@code H} of each update, in the order of the rows
   * @param clients {@code N}, of whom {@code s} is before the round
   * @param row a buffer as long as any range
   * @param control another
   */
  ControlSum(double[] rates, int clients, Tile row, Tile control) {
    inverses = Arrays.stream(rates).map(rate -> 1 / rate).toArray();
    this.clients = clients;
    this.row = row;
    this.control = control;
    changes = new double[row.length()];
  }

  /**
   * Adds the change in one range.
   *
   * @param rows the updates there
   * @param sum {@code s} there, in and out
   */
  void add(Rows rows, Tile sum) {
    int length = sum.length();
    Arrays.fill(changes, 0, length, 0);
    for (int i = 0; i < inverses.length; i++) {
      Tile update = row.first(length);
      rows.read(i, 0, update);
      double inverse = inverses[i];
      update.run(
          (values, count) -> addScaled(values, inverse, count),
          (values, count) -> addScaled(values, inverse, count));
    }
    Tile mean = control.first(length);
    mean.put(0, sum);
    ScaffoldServer.toControl(mean, clients);
    sum.run(mean, this::add, this::add);
  }

  private void addScaled(float[] update, double inverse, int length) {
    for (int i = 0; i < length; i++) {
      changes[i] += inverse * update[i];
    }
  }

  private void addScaled(double[] update, double inverse, int length) {
    for (int i = 0; i < length; i++) {
      changes[i] += inverse * update[i];
    }
  }

  private void add(float[] sum, float[] mean, int length) {
    double count = inverses.length;
    for (int i = 0; i < length; i++) {
      sum[i] += (float) (changes[i] - count * mean[i]);
    }
  }

  private void add(double[] sum, double[] mean, int length) {
    double count = inverses.length;
    for (int i = 0; i < length; i++) {
      sum[i] += changes[i] - count * mean[i];
    }
  }
}
