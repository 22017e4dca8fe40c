package io.fedstep.optim;

import io.fedstep.plugin.Need;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;
import java.util.Set;

/**
 * The server's side of SCAFFOLD (S. P. Karimireddy et al., SCAFFOLD: Stochastic Controlled
 * Averaging for Federated Learning, 2020, option II): {@code out = g}, and its state is the sum of
 * the controls {@code c_i} of the clients that it names, as declearn's {@code ScaffoldServerModule}
 * has it. The sum changes by the updates themselves and not by their mean, so that a close adds to
 * it before the modules run.
 */
public record ScaffoldServer() implements OptiModule {
  /** The most clients that a state has. */
  public static final int MOST_CLIENTS = 100_000;

  /** The only one: it has no settings. */
  public static final ScaffoldServer DEFAULT = new ScaffoldServer();

  @Override
  public String name() {
    return "scaffold-server";
  }

  @Override
  public List<Setting> config() {
    return List.of();
  }

  @Override
  public ScaffoldServer with(Settings settings) {
    return DEFAULT;
  }

  @Override
  public Set<Need> needs() {
    return Set.of(Need.LOCAL_RATES);
  }

  @Override
  public List<StateEntry> state() {
    return List.of(StateEntry.ofClients("s_state"), new StateEntry.Clients("clients"));
  }

  @Override
  public void run(Tile gradient, List<Tile> state, StepContext context) {}

  /** Makes a sum of clients' controls their mean, in place; zeros where there are no clients. */
  public static void toControl(Tile sum, int clients) {
    if (clients == 0) {
      sum.clear();
    } else {
      sum.run(
          (values, length) -> divide(values, clients, length),
          (values, length) -> divide(values, clients, length));
    }
  }

  private static void divide(float[] values, float clients, int length) {
    for (int i = 0; i < length; i++) {
      values[i] /= clients;
    }
  }

  private static void divide(double[] values, double clients, int length) {
    for (int i = 0; i < length; i++) {
      values[i] /= clients;
    }
  }
}
