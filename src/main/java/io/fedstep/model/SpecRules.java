package io.fedstep.model;

import static java.util.stream.Collectors.joining;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.KnownAggregators;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What goes together in every spec; docs/ALGORITHMS.md has all rules in one table. */
public final class SpecRules {
  /** What goes together in a spec. */
  public static final List<SpecRule<SpecParts>> OF_SPECS =
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
              SpecRules::tooMany),
          plain(
              "round.mode",
              "plain `tensors` are for `synchronous` rounds: a variance that is averaged with older"
                  + " ones could become negative",
              spec -> spec.round().mode().isBuffer(),
              "the round.mode synchronous alone"),
          plain(
              "privacy",
              "no plain `tensors` with `privacy`: noise is not a mean; models with noise want"
                  + " GroupNorm",
              SpecParts::isProtected,
              "no privacy"));

  private SpecRules() {}

  private static SpecRule<SpecParts> plain(
      String other, String says, Predicate<SpecParts> breaks, String asked) {
    return new SpecRule<>(
        "tensors",
        other,
        says,
        spec -> {
          List<String> plain = spec.layout().plain();
          return plain.isEmpty() || !breaks.test(spec)
              ? null
              : "tensors.%s has the step plain, which goes with %s"
                  .formatted(plain.getFirst(), asked);
        });
  }

  private static @Nullable String tooFew(SpecParts spec) {
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

  private static @Nullable String tooMany(SpecParts spec) {
    int most = spec.aggregator().mostUpdates();
    int given = spec.round().maxUpdates();
    return given <= most
        ? null
        : "max_updates is %s; the aggregator %s compares at most %s"
            .formatted(given, spec.aggregator().name(), most);
  }
}
