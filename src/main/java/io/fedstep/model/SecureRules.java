package io.fedstep.model;

import io.fedstep.aggregate.Averaging;
import io.fedstep.secure.FractionBits;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** What goes together with {@code secure} in a spec. */
public final class SecureRules {
  /** In every spec that has it. */
  public static final List<SpecRule<SpecParts>> OF_SPECS =
      List.of(
          rule(
              "secure",
              "aggregator",
              "`secure` is for `averaging`: nobody sees a single update",
              (_, spec) ->
                  spec.aggregator() instanceof Averaging
                      ? null
                      : "secure goes with the aggregator averaging alone"),
          rule(
              "secure.max_weight",
              "aggregator",
              "without `steps_weighted` a masked update's weight is 1: `max_weight` is too",
              (secure, spec) ->
                  spec.aggregator().equals(new Averaging(true)) || secure.maxWeight() == 1
                      ? null
                      : "secure.max_weight is %s; with an aggregator without steps_weighted it is 1"
                          .formatted(secure.maxWeight())),
          rule(
              "secure",
              "update_bound",
              "`secure` hides norms and weights: no `update_bound`",
              (_, spec) ->
                  spec.updateBound() == null
                      ? null
                      : "secure hides norms and weights and goes with no update_bound"),
          rule(
              "secure",
              "privacy.where",
              "`secure` hides the updates that the server would cut: with `privacy` its `where` is"
                  + " `clients`",
              (_, spec) ->
                  !spec.isProtected() || spec.hasMemberNoise()
                      ? null
                      : "secure hides the updates that the server would cut: it goes with"
                          + " privacy.where clients alone"),
          rule(
              "secure",
              "round.mode",
              "`secure` is for `synchronous` rounds",
              (_, spec) ->
                  spec.round().mode().isBuffer()
                      ? "secure goes with the round.mode synchronous alone"
                      : null),
          rule(
              "secure",
              "round.min_updates",
              "a sum of at least 3 updates is opened",
              (_, spec) ->
                  spec.round().minUpdates() >= SecureAggregation.FEWEST_MEMBERS
                      ? null
                      : "round.min_updates is %s; with secure it is at least %s"
                          .formatted(spec.round().minUpdates(), SecureAggregation.FEWEST_MEMBERS)),
          rule(
              "secure",
              "round.max_updates",
              "a round has at most 255 members",
              (_, spec) ->
                  spec.round().maxUpdates() <= SecureAggregation.MOST_MEMBERS
                      ? null
                      : "round.max_updates is %s; with secure it is at most %s"
                          .formatted(spec.round().maxUpdates(), SecureAggregation.MOST_MEMBERS)),
          rule(
              "secure",
              "round.timeout",
              "members may be lost: `timeout` says how long the others wait for their updates",
              (_, spec) ->
                  spec.round().timeout() != null
                      ? null
                      : "secure asks for a round.timeout, after which lost members are given up"),
          rule(
              "secure.clip",
              "round.max_updates",
              "`max_updates · max_weight · clip` leaves 8 bits behind the point of a word",
              (secure, spec) -> {
                MaskedValues values = secure.values();
                int bits = secure.fractionBits(spec.round().maxUpdates());
                return values == null || bits >= FractionBits.LEAST
                    ? null
                    : ("secure.clip %s, secure.max_weight %s and round.max_updates %s leave %s bits"
                            + " behind the point of words of %s; at least %s are needed")
                        .formatted(
                            values.clip(),
                            values.maxWeight(),
                            spec.round().maxUpdates(),
                            bits,
                            values.bits(),
                            FractionBits.LEAST);
              }));

  private SecureRules() {}

  private static SpecRule<SpecParts> rule(
      String key,
      String other,
      String says,
      BiFunction<SecureAggregation, SpecParts, @Nullable String> broken) {
    return new SpecRule<>(
        key, other, says, spec -> spec.secure() == null ? null : broken.apply(spec.secure(), spec));
  }
}
