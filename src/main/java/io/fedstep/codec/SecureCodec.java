package io.fedstep.codec;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Averaging;
import io.fedstep.model.MaskedValues;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.SecureAggregation;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a spec says under {@code secure}. */
public final class SecureCodec {
  private static final double THRESHOLD = 0.667;
  private static final List<String> OF_VALUES = List.of("clip", "max_weight", "metrics");
  private static final String ANY = "any";
  private static final String PINNED = "pinned";
  private static final Set<String> KEYS =
      Set.of(
          "threshold",
          "clip",
          "bits",
          "max_weight",
          "metrics",
          "join_timeout",
          "share_timeout",
          "unmask_timeout",
          "identities");

  private SecureCodec() {}

  /**
   * Reads it; the default of the largest weight depends on the rule of aggregation.
   *
   * @param isNoisy whether members add noise
   */
  static SecureAggregation read(JsonNode json, Aggregator aggregator, boolean isNoisy) {
    Spec spec = Spec.of(json, SecureAggregation.NAME, KEYS);
    double threshold = spec.number("threshold", THRESHOLD);
    MaskedValues values = isNoisy ? null : values(spec, aggregator);
    if (isNoisy) {
      checkNoisy(spec);
    }
    Duration join = time(spec, "join_timeout", Duration.ofSeconds(30));
    Duration share = time(spec, "share_timeout", Duration.ofSeconds(30));
    Duration unmask = time(spec, "unmask_timeout", Duration.ofSeconds(60));
    boolean isPinned = isPinned(spec);
    return Spec.checked(
        SecureAggregation.NAME,
        () -> new SecureAggregation(threshold, values, join, share, unmask, isPinned));
  }

  private static MaskedValues values(Spec spec, Aggregator aggregator) {
    double clip = spec.number("clip");
    int bits = spec.count("bits", Long.SIZE);
    boolean isWeighted = !aggregator.equals(new Averaging(false));
    long maxWeight = spec.integer("max_weight", MaskedValues.maxWeight(bits, isWeighted));
    JsonNode metrics = spec.get("metrics");
    List<String> names =
        metrics == null
            ? List.of()
            : Spec.list(metrics, spec.at("metrics"), node -> Spec.text(node, spec.at("metrics")));
    return Spec.checked(
        SecureAggregation.NAME, () -> new MaskedValues(clip, bits, maxWeight, names));
  }

  /** Refuses what says how values become words: members that add noise have the grid of that. */
  private static void checkNoisy(Spec spec) {
    for (String key : OF_VALUES) {
      if (spec.get(key) != null) {
        throw Spec.bad(spec.at(key), "is left out with privacy.where clients");
      }
    }
    int bits = spec.count("bits", Long.SIZE);
    if (bits != Long.SIZE) {
      throw Spec.bad(spec.at("bits"), "is %s; with privacy.where clients it is 64".formatted(bits));
    }
  }

  private static Duration time(Spec spec, String key, Duration otherwise) {
    JsonNode json = spec.get(key);
    return json == null ? otherwise : PolicyCodec.timeout(json, spec.at(key));
  }

  private static boolean isPinned(Spec spec) {
    @Nullable JsonNode json = spec.get("identities");
    return switch (json == null ? ANY : Spec.text(json, spec.at("identities"))) {
      case ANY -> false;
      case PINNED -> true;
      default ->
          throw Spec.bad(spec.at("identities"), "is %s; any and pinned are known".formatted(json));
    };
  }

  /** As a spec has it, defaults filled in. */
  static ObjectNode write(SecureAggregation secure) {
    ObjectNode json = Json.object().put("threshold", secure.threshold());
    MaskedValues values = secure.values();
    if (values == null) {
      json.put("bits", secure.bits());
    } else {
      json.put("clip", values.clip())
          .put("bits", values.bits())
          .put("max_weight", values.maxWeight());
      values.metrics().forEach(json.putArray("metrics")::add);
    }
    return json.put("join_timeout", Durations.write(secure.joinTimeout()))
        .put("share_timeout", Durations.write(secure.shareTimeout()))
        .put("unmask_timeout", Durations.write(secure.unmaskTimeout()))
        .put("identities", secure.isPinned() ? PINNED : ANY);
  }

  /** Adds to a spec as it is shown what follows from it and is never given. */
  public static ObjectNode show(ModelSpec spec, ObjectNode json) {
    SecureAggregation secure = spec.secure();
    if (secure != null) {
      ((ObjectNode) Objects.requireNonNull(json.get(SecureAggregation.NAME)))
          .put("fraction_bits", secure.fractionBits(spec.round().maxUpdates()));
    }
    return json;
  }
}
