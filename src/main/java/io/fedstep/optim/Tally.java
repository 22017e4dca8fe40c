package io.fedstep.optim;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the state of a chain of modules has beside its vectors.
 *
 * @param steps for each module how many steps it has taken, if it counts them; otherwise 0
 * @param clients of which it holds something, in the order of their ids' bytes
 */
public record Tally(List<Long> steps, List<String> clients) {
  /** Copies the lists. */
  public Tally {
    steps = List.copyOf(steps);
    clients = List.copyOf(clients);
  }

  /** Before the first step. */
  public static Tally none(List<OptiModule> modules) {
    return new Tally(Collections.nCopies(modules.size(), 0L), List.of());
  }

  /** After one more step, with those clients then. */
  public Tally next(List<OptiModule> modules, List<String> now) {
    return new Tally(
        IntStream.range(0, modules.size())
            .mapToObj(i -> StateEntry.counts(modules.get(i).state()) ? steps.get(i) + 1 : 0L)
            .toList(),
        now);
  }
}
