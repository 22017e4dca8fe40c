package io.fedstep.model;

import static java.util.stream.Collectors.toSet;

import io.fedstep.plugin.Need;
import io.fedstep.plugin.Plugin;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** The steps of a close, in their order: from the updates of a round to the next version. */
@SuppressWarnings("ImmutableEnumChecker") // functions without state, and unmodifiable lists
public enum CloseStep {
  /** An update with too large a norm is scaled down, one with too large a weight counts less. */
  BOUND(
      "an update with too large a norm is scaled down, one with too large a weight counts less",
      spec ->
          spec.updateBound() == null || !spec.updateBound().scales()
              ? Set.of()
              : Set.of(Need.NORMS),
      "update_bound"),

  /** The updates become one gradient. */
  AGGREGATE("the updates become one gradient", spec -> spec.aggregator().needs(), "aggregator"),

  /** The exact sums of the updates are changed before anybody sees them. */
  PROTECT(
      "in place of the aggregator: the exact sums of the updates are changed before anybody sees"
          + " them, and are the gradient then",
      spec -> spec.protection() == null ? Set.of() : spec.protection().needs(),
      "privacy"),

  /** The gradients of penalties on the weights are added, but to those of plain tensors. */
  REGULARIZE(
      "gradients of penalties on the weights are added, but to those of plain tensors",
      spec -> all(spec.optimizer().regularizers()),
      "optimizer.regularizers"),

  /** The optimizer's modules run, past plain tensors. */
  PRECONDITION(
      "the modules run, one after the other, past plain tensors",
      spec -> all(spec.optimizer().modules()),
      "optimizer.modules"),

  /** The weights move. */
  APPLY(
      "the weights move, by the rate and the decay of the round; plain tensors by the gradient alone",
      _ -> Set.of(),
      "optimizer.lrate",
      "optimizer.w_decay");

  private final String does;
  private final Function<ModelSpec, Set<Need>> needs;
  private final List<String> keys;

  CloseStep(String does, Function<ModelSpec, Set<Need>> needs, String... keys) {
    this.does = does;
    this.needs = needs;
    this.keys = List.of(keys);
  }

  /** What it does, as the documentation has it. */
  public String does() {
    return does;
  }

  /** What of a spec says how it is done. */
  public List<String> keys() {
    return keys;
  }

  /** What it has to be given by a spec, beside updates, weights and state. */
  public Set<Need> needs(ModelSpec spec) {
    return needs.apply(spec);
  }

  private static Set<Need> all(List<? extends Plugin<?>> plugins) {
    return plugins.stream().flatMap(plugin -> plugin.needs().stream()).collect(toSet());
  }
}
