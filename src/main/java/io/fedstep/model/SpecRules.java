package io.fedstep.model;

import static java.util.stream.Collectors.joining;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.KnownAggregators;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What goes together in a spec: the one table of it, which is also in docs/ALGORITHMS.md. */
public final class SpecRules {
  /** Fewest and most updates. */
  static final SpecRule<RoundPolicy> UPDATES =
      new SpecRule<>(
          "round.min_updates",
          "round.max_updates",
          "`max_updates` is at least `min_updates`",
          policy ->
              policy.maxUpdates() >= policy.minUpdates()
                      && policy.maxUpdates() <= RoundPolicy.MOST_UPDATES
                  ? null
                  : "max_updates is %s; min_updates (%s) to %s are allowed"
                      .formatted(
                          policy.maxUpdates(), policy.minUpdates(), RoundPolicy.MOST_UPDATES));

  /** When a buffered round closes. */
  static final SpecRule<RoundPolicy> BUFFER =
      new SpecRule<>(
          "round.mode",
          "round.max_updates",
          "a `buffered` round closes at `min_updates`: both are the same",
          policy ->
              !policy.mode().isBuffer() || policy.maxUpdates() == policy.minUpdates()
                  ? null
                  : "max_updates is %s; a buffered round closes at min_updates (%s)"
                      .formatted(policy.maxUpdates(), policy.minUpdates()));

  /** What goes together in a round's policy. */
  public static final List<SpecRule<RoundPolicy>> OF_POLICIES = List.of(UPDATES, BUFFER);

  /** What else has to go together in a new policy; stored ones stay as they are. */
  public static final List<SpecRule<RoundPolicy>> OF_NEW_POLICIES =
      List.of(
          new SpecRule<>(
              "round.participation",
              "round.timeout",
              "a `participation` below 1 asks for a `timeout`",
              policy ->
                  policy.participation() == 1 || policy.timeout() != null
                      ? null
                      : ("participation is %s, which asks for a timeout, at which more clients are"
                              + " invited if too few have sent updates")
                          .formatted(policy.participation())));

  /** What goes together in a spec. */
  public static final List<SpecRule<ModelSpec>> OF_SPECS =
      List.of(
          new SpecRule<>(
              "aggregator",
              "round.min_updates",
              "`min_updates` is at least what the rule can work with: `2 byzantine + 3` for `krum`"
                  + " and `multi-krum`, `4 byzantine + 3` for `bulyan`, and enough for `multi-krum`"
                  + " to `keep`",
              SpecRules::tooFew),
          new SpecRule<>(
              "aggregator",
              "round.max_updates",
              "`max_updates` is at most 1,024 for rules that compare all pairs: "
                  + KnownAggregators.ALL.stream()
                      .filter(rule -> rule.mostUpdates() < RoundPolicy.MOST_UPDATES)
                      .map(rule -> "`" + rule.name() + "`")
                      .collect(joining(", ")),
              SpecRules::tooMany));

  private SpecRules() {}

  private static @Nullable String tooFew(ModelSpec spec) {
    Aggregator aggregator = spec.aggregator();
    int least = aggregator.leastUpdates();
    int given = spec.round().minUpdates();
    return given >= least
        ? null
        : "min_updates is %s; the aggregator %s %s needs at least %s"
            .formatted(
                given,
                aggregator.name(),
                aggregator.config().stream()
                    .map(setting -> setting.key() + "=" + setting.value())
                    .collect(joining(", ", "{", "}")),
                least);
  }

  private static @Nullable String tooMany(ModelSpec spec) {
    int most = spec.aggregator().mostUpdates();
    int given = spec.round().maxUpdates();
    return given <= most
        ? null
        : "max_updates is %s; the aggregator %s compares at most %s"
            .formatted(given, spec.aggregator().name(), most);
  }
}
