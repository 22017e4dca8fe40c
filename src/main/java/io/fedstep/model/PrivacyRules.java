package io.fedstep.model;

import io.fedstep.aggregate.Averaging;
import io.fedstep.optim.GaussianNoise;
import io.fedstep.privacy.Grid;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** What goes together with {@code privacy} in a spec. */
public final class PrivacyRules {
  /** Updates for each unit of noise, so that their count's coordinate takes little of the norm. */
  private static final double LEAST_COUNTED = 20;

  /** In every spec that has it. */
  public static final List<SpecRule<Private>> OF_SPECS =
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
              "keep_best",
              "`keep_best` would choose by clients' raw metrics",
              (_, spec) ->
                  spec.keepBest() == null
                      ? null
                      : "privacy goes with no keep_best: it would choose by raw metrics"),
          rule(
              "privacy.expected_updates",
              "round.participation",
              "`participation` below 1 asks for `expected_updates`, and 1 for none",
              (privacy, spec) ->
                  privacy.isByClients()
                          || (privacy.expectedUpdates() == null)
                              == (spec.round().participation() == 1)
                      ? null
                      : "round.participation is %s; below 1 privacy.expected_updates is needed, at 1"
                              .formatted(spec.round().participation())
                          + " there is none"),
          byClients(
              "secure",
              "noise by the clients is for models with `secure`",
              (_, spec) ->
                  spec.secure() == null
                      ? "privacy.where clients asks for secure: without it the server sees each update"
                      : null),
          byClients(
              "privacy.expected_updates",
              "with noise by the clients `participation` counts as 1, for the roster is public: no"
                  + " `expected_updates`",
              (privacy, _) ->
                  privacy.expectedUpdates() == null
                      ? null
                      : "privacy.where clients goes with no privacy.expected_updates: its sums are"
                          + " divided by how many are in"),
          byClients(
              "privacy.adaptive_clip",
              "`adaptive_clip` is for noise by the server",
              (privacy, _) ->
                  privacy.adaptiveClip() == null
                      ? null
                      : "privacy.where clients goes with no privacy.adaptive_clip"),
          byClients(
              "secure.clip",
              "noise by the clients has its own grid: no `clip`, `max_weight` and `metrics`, and"
                  + " `bits` 64",
              (_, spec) ->
                  spec.secure() == null || spec.secure().values() == null
                      ? null
                      : "privacy.where clients has a grid of its own: secure.clip, max_weight and"
                          + " metrics are left out"),
          rule(
              "privacy.collusion",
              "secure.threshold",
              "`collusion` is less than the members of the smallest round that go all the way",
              (privacy, spec) -> {
                if (privacy.collusion() == null || spec.secure() == null) {
                  return null;
                }
                int least = spec.secure().threshold(spec.round().minUpdates());
                return privacy.collusion() < least
                    ? null
                    : ("privacy.collusion is %s; of round.min_updates %s members secure.threshold"
                            + " lets %s go all the way, and fewer may collude")
                        .formatted(privacy.collusion(), spec.round().minUpdates(), least);
              }),
          sampled(
              "privacy",
              "round.timeout",
              "a round of clients drawn by chance closes at its `timeout`",
              (_, policy) ->
                  policy.timeout() == null
                      ? "privacy with round.participation below 1 asks for a round.timeout"
                      : null),
          sampled(
              "privacy",
              "round.min_updates",
              "`min_updates` is 1 where `participation` is below 1",
              (_, policy) ->
                  policy.minUpdates() == 1
                      ? null
                      : "privacy with round.participation below 1 asks for a round.min_updates of 1"),
          sampled(
              "privacy.expected_updates",
              "round.max_updates",
              "`max_updates` is at least `2 expected_updates`: with more the round is abandoned",
              (expected, policy) ->
                  policy.maxUpdates() / 2 >= expected
                      ? null
                      : "round.max_updates is %s; at least twice privacy.expected_updates (%s) is needed"
                          .formatted(policy.maxUpdates(), expected)),
          rule(
              "privacy.adaptive_clip",
              "round.min_updates",
              "`adaptive_clip` asks for `min_updates`, or `expected_updates`, of `20 noise_multiplier`",
              (privacy, spec) -> {
                Integer expected = privacy.expectedUpdates();
                int divisor = expected == null ? spec.round().minUpdates() : expected;
                double least = LEAST_COUNTED * privacy.noiseMultiplier();
                return privacy.adaptiveClip() == null || divisor >= least
                    ? null
                    : "%s is %s; privacy.adaptive_clip needs at least 20 noise_multiplier, %s"
                        .formatted(
                            expected == null ? "round.min_updates" : "privacy.expected_updates",
                            divisor,
                            least);
              }),
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

  /** The privacy of a model, and the spec that it is in. */
  public record Private(DifferentialPrivacy privacy, SpecParts spec) {}

  private PrivacyRules() {}

  /** What has to hold where clients are drawn by chance. */
  private static SpecRule<Private> sampled(
      String key,
      String other,
      String says,
      BiFunction<Integer, RoundPolicy, @Nullable String> broken) {
    return rule(
        key,
        other,
        says,
        (privacy, spec) -> {
          Integer expected = privacy.expectedUpdates();
          return expected == null ? null : broken.apply(expected, spec.round());
        });
  }

  /** What has to hold where clients add the noise. */
  private static SpecRule<Private> byClients(
      String other,
      String says,
      BiFunction<DifferentialPrivacy, SpecParts, @Nullable String> broken) {
    return rule(
        "privacy.where",
        other,
        says,
        (privacy, spec) -> privacy.isByClients() ? broken.apply(privacy, spec) : null);
  }

  private static SpecRule<Private> rule(
      String key,
      String other,
      String says,
      BiFunction<DifferentialPrivacy, SpecParts, @Nullable String> broken) {
    return new SpecRule<>(key, other, says, one -> broken.apply(one.privacy(), one.spec()));
  }
}
