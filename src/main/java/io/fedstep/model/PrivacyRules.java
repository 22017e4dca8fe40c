package io.fedstep.model;

import io.fedstep.aggregate.Averaging;
import io.fedstep.optim.GaussianNoise;
import io.fedstep.privacy.Grid;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** What goes together with {@code privacy} in a spec. */
public final class PrivacyRules {
  /** In every spec that has it. */
  public static final List<SpecRule<ModelSpec>> OF_SPECS =
      List.of(
          rule(
              "privacy",
              "aggregator",
              "`privacy` is for `averaging` with `steps_weighted` false",
              (_, spec) ->
                  spec.aggregator().equals(new Averaging(false))
                      ? null
                      : "privacy goes with the aggregator averaging and steps_weighted false alone"),
          rule(
              "privacy",
              "update_bound",
              "`privacy` cuts updates itself: no `update_bound`",
              (_, spec) ->
                  spec.updateBound() == null
                      ? null
                      : "privacy cuts updates itself and goes with no update_bound"),
          rule(
              "privacy",
              "optimizer.modules",
              "`privacy` adds its own noise: no `gaussian-noise`",
              (_, spec) ->
                  spec.optimizer().modules().stream().noneMatch(GaussianNoise.class::isInstance)
                      ? null
                      : "privacy adds noise itself and goes with no gaussian-noise in"
                          + " optimizer.modules"),
          rule(
              "privacy",
              "round.mode",
              "`privacy` is for `synchronous` rounds",
              (_, spec) ->
                  spec.round().mode().isBuffer()
                      ? "privacy goes with the round.mode synchronous alone"
                      : null),
          rule(
              "privacy",
              "round.participation",
              "`privacy` is for rounds to which everybody is invited",
              (_, spec) ->
                  spec.round().participation() == 1
                      ? null
                      : "privacy goes with round.participation 1 alone"),
          rule(
              "privacy",
              "keep_best",
              "`keep_best` would choose by clients' raw metrics",
              (_, spec) ->
                  spec.keepBest() == null
                      ? null
                      : "privacy goes with no keep_best: it would choose by raw metrics"),
          rule(
              "privacy.expected_updates",
              "round.participation",
              "`expected_updates` is for rounds to which clients are drawn by chance",
              (privacy, _) ->
                  privacy.expectedUpdates() == null
                      ? null
                      : "privacy.expected_updates goes with no round.participation of 1"),
          rule(
              "privacy.epsilon",
              "privacy.noise_multiplier",
              "the budget pays for one round at least",
              (privacy, spec) -> {
                Double budget = privacy.epsilon();
                double one = privacy.accountant(spec.round()).cost(1).epsilon();
                return budget == null || one <= budget
                    ? null
                    : "one round costs an epsilon of %s with the noise_multiplier %s, and epsilon is %s"
                        .formatted(one, privacy.noiseMultiplier(), budget);
              }),
          rule(
              "privacy.noise_multiplier",
              "tensors",
              "a model has at most `2^48 / noise_multiplier²` values",
              (privacy, spec) -> {
                double most = Grid.mostCoordinates(privacy.noiseMultiplier());
                return spec.parameters() <= most
                    ? null
                    : "tensors have %s values; with the noise_multiplier %s at most %s are possible"
                        .formatted(spec.parameters(), privacy.noiseMultiplier(), (long) most);
              }));

  private PrivacyRules() {}

  private static SpecRule<ModelSpec> rule(
      String key,
      String other,
      String says,
      BiFunction<DifferentialPrivacy, ModelSpec, @Nullable String> broken) {
    return new SpecRule<>(
        key,
        other,
        says,
        spec ->
            spec.protection() instanceof DifferentialPrivacy privacy
                ? broken.apply(privacy, spec)
                : null);
  }
}
