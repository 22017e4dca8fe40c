package io.fedstep.local;

import io.fedstep.round.Control;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.vector.Dtype;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The controls in a version of a simulated model with SCAFFOLD, by a plain loop.
 *
 * @param sum of the clients' controls
 * @param rounds of which round each client's is
 */
@SuppressWarnings("ArrayRecordComponent") // compared by its values
record SimControls(double[] sum, SortedMap<String, Long> rounds) {
  /** In front of other modules of a spec. */
  static final String MODULE = "[\"scaffold-server\", {}], ";

  /** An update that counts in a round. */
  record Run(String client, SimNumbers.Update update, boolean lost) {}

  static SimControls none() {
    return new SimControls(new double[SimNumbers.SIZE], new TreeMap<>());
  }

  private static double rate(SimNumbers.Update update) {
    return update.weight() / 4;
  }

  /** How a client's update says that it was computed. */
  UpdateMetadata said(UpdateMetadata said, String client, SimNumbers.Update update, boolean lost) {
    Long round = rounds.get(client);
    Control own = round == null ? new Control.None() : new Control.Of(round);
    return said.computed(rate(update), lost ? new Control.Lost() : own);
  }

  /** Those after a round; its updates are in the order of their clients. */
  SimControls after(long round, List<Run> runs) {
    if (runs.stream().anyMatch(run -> run.lost() && rounds.containsKey(run.client()))) {
      return none();
    }
    double[] next = new double[sum.length];
    for (int i = 0; i < sum.length; i++) {
      double change = 0;
      for (Run run : runs) {
        change = change + ((1 / rate(run.update())) * run.update().values().get(i));
      }
      double control = rounds.isEmpty() ? 0 : sum[i] / rounds.size();
      next[i] = sum[i] + (change - (runs.size() * control));
    }
    var later = new TreeMap<>(rounds);
    runs.forEach(run -> later.put(run.client(), round));
    return new SimControls(next, later);
  }

  /** The same sum, set in the place of a round. */
  SimControls set(long round) {
    var all = new TreeMap<>(rounds);
    all.replaceAll((_, _) -> round);
    return new SimControls(sum, all);
  }

  /** Whether a version has these. */
  boolean equal(String state, ControlRounds found) {
    String clients =
        rounds.isEmpty() ? "[]" : "[\"" + String.join("\", \"", rounds.keySet()) + "\"]";
    String vector =
        rounds.isEmpty()
            ? "\"s_state\": 0.0"
            : HexFormat.of().formatHex(Rig.bytes(Dtype.FLOAT64, sum));
    return state.contains(vector)
        && state.contains("\"clients\": " + clients)
        && found.byClient().equals(rounds);
  }
}
