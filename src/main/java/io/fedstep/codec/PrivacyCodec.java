package io.fedstep.codec;

import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.RoundPolicy;
import io.fedstep.privacy.AdaptiveClip;
import io.fedstep.privacy.Calibration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a spec says under {@code privacy}. */
final class PrivacyCodec {
  private static final String WHERE = "where";
  private static final String COLLUSION = "collusion";
  private static final String SERVER = "server";
  private static final String CLIENTS = "clients";
  private static final Set<String> KEYS =
      Set.of(
          "clip_norm",
          "noise_multiplier",
          "epsilon",
          "delta",
          "expected_updates",
          "adaptive_clip",
          WHERE,
          COLLUSION);

  private PrivacyCodec() {}

  /** Reads it; where no noise is given, it is the least with which the budget pays for all. */
  static DifferentialPrivacy read(JsonNode json, RoundPolicy policy) {
    Spec spec = Spec.of(json, DifferentialPrivacy.NAME, KEYS);
    Integer collusion = collusion(spec);
    double delta = spec.number("delta");
    Double epsilon = numberOrNull(spec, "epsilon");
    Double multiplier = numberOrNull(spec, "noise_multiplier");
    double clip = spec.number("clip_norm");
    return Spec.checked(
        DifferentialPrivacy.NAME,
        () ->
            new DifferentialPrivacy(
                clip,
                multiplier != null
                    ? multiplier
                    : least(
                        spec,
                        epsilon,
                        delta,
                        policy.rounds(),
                        collusion == null ? policy.participation() : 1),
                epsilon,
                delta,
                spec.countOrNull("expected_updates"),
                adaptive(spec),
                collusion));
  }

  private static @Nullable Double numberOrNull(Spec spec, String key) {
    return spec.orNull(key) == null ? null : (Double) spec.number(key);
  }

  private static @Nullable AdaptiveClip adaptive(Spec privacy) {
    JsonNode json = privacy.orNull("adaptive_clip");
    if (json == null) {
      return null;
    }
    Spec spec = Spec.of(json, privacy.at("adaptive_clip"), Set.of("quantile", "rate"));
    return new AdaptiveClip(spec.number("quantile"), spec.number("rate"));
  }

  /** How many may collude where clients add the noise; null where the server does. */
  private static @Nullable Integer collusion(Spec spec) {
    int collusion = spec.count(COLLUSION, 0);
    if (isByClients(spec)) {
      return collusion;
    }
    if (collusion != 0) {
      throw Spec.bad(
          spec.at(COLLUSION), "is for noise by the clients (privacy.where), and 0 without");
    }
    return null;
  }

  private static boolean isByClients(Spec spec) {
    JsonNode where = spec.get(WHERE);
    return switch (where == null ? SERVER : Spec.text(where, spec.at(WHERE))) {
      case SERVER -> false;
      case CLIENTS -> true;
      default ->
          throw Spec.bad(spec.at(WHERE), "is %s; server and clients are known".formatted(where));
    };
  }

  private static double least(
      Spec spec, @Nullable Double epsilon, double delta, @Nullable Long rounds, double share) {
    if (epsilon == null || rounds == null) {
      throw Spec.bad(
          spec.at("noise_multiplier"),
          "is needed, unless privacy.epsilon and round.rounds say what it has to be");
    }
    if (!(epsilon > 0 && delta > 0 && delta < 1)) {
      throw Spec.bad(spec.at("epsilon"), "and delta are out of range");
    }
    return Calibration.multiplier(epsilon, rounds, share, delta)
        .orElseThrow(
            () -> Spec.bad(spec.at("epsilon"), "is too small: no noise_multiplier reaches it"));
  }

  /** As a spec has it, defaults filled in. */
  static ObjectNode write(DifferentialPrivacy privacy) {
    ObjectNode json =
        Json.object()
            .put("clip_norm", privacy.clipNorm())
            .put("noise_multiplier", privacy.noiseMultiplier())
            .put("epsilon", privacy.epsilon())
            .put("delta", privacy.delta());
    if (privacy.expectedUpdates() != null) {
      json.put("expected_updates", privacy.expectedUpdates());
    }
    AdaptiveClip adaptive = privacy.adaptiveClip();
    if (adaptive == null) {
      json.putNull("adaptive_clip");
    } else {
      json.putObject("adaptive_clip")
          .put("quantile", adaptive.quantile())
          .put("rate", adaptive.rate());
    }
    Integer collusion = privacy.collusion();
    return json.put(WHERE, collusion == null ? SERVER : CLIENTS)
        .put(COLLUSION, collusion == null ? 0 : collusion);
  }
}
