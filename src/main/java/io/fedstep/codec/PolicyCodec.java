package io.fedstep.codec;

import io.fedstep.model.KnownRoundModes;
import io.fedstep.model.RoundMode;
import io.fedstep.model.RoundPolicy;
import io.fedstep.plugin.Setting;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A round policy as JSON, defaults filled in. */
public final class PolicyCodec {
  /** The keys of every policy; a mode of rounds may have more. */
  private static final Set<String> KEYS =
      Set.of("min_updates", "max_updates", "timeout", "rounds", "participation", "mode");

  private PolicyCodec() {}

  /** Reads a round policy. */
  public static RoundPolicy read(JsonNode json, String place) {
    Spec spec = Spec.of(json, place, keys());
    long least = spec.integer("min_updates", 1);
    long most = spec.integer("max_updates", least);
    JsonNode timeout = spec.orNull("timeout");
    JsonNode rounds = spec.orNull("rounds");
    Duration every = timeout == null ? null : timeout(timeout, spec.at("timeout"));
    Long last = rounds == null ? null : Spec.integer(rounds, spec.at("rounds"));
    RoundMode mode = mode(spec);
    double participation = spec.number("participation", 1);
    return Spec.checked(
        place,
        () ->
            new RoundPolicy(
                Math.clamp(least, -1, Integer.MAX_VALUE),
                Math.clamp(most, -1, Integer.MAX_VALUE),
                every,
                last,
                participation,
                mode));
  }

  private static Set<String> keys() {
    var keys = new HashSet<>(KEYS);
    KnownRoundModes.ALL.forEach(mode -> keys.addAll(mode.keys()));
    return keys;
  }

  private static RoundMode mode(Spec round) {
    JsonNode mode = round.get("mode");
    String name =
        mode == null
            ? KnownRoundModes.ALL.getFirst().name()
            : text(mode, round.at("mode"), "a string");
    for (RoundMode known : KnownRoundModes.ALL) {
      if (known.name().equals(name)) {
        checkKeys(known, round);
        return Spec.checked(round.at("mode"), () -> known.with(round));
      }
    }
    throw Spec.bad(
        round.at("mode"),
        "is '%s'; %s are known"
            .formatted(
                name,
                String.join(" and ", KnownRoundModes.ALL.stream().map(RoundMode::name).toList())));
  }

  /** Checks that what is there is not for rounds of another mode. */
  private static void checkKeys(RoundMode mode, Spec round) {
    for (RoundMode other : KnownRoundModes.ALL) {
      for (Setting setting : other.config()) {
        String key = setting.key();
        if (round.get(key) != null && !mode.keys().contains(key)) {
          throw Spec.bad(
              round.at(key),
              "is for %s rounds; this one is %s".formatted(other.name(), mode.name()));
        }
      }
    }
  }

  static Duration timeout(JsonNode json, String place) {
    Duration duration = Durations.parse(text(json, place, "a text such as \"30s\""));
    if (duration == null) {
      throw Spec.bad(place, "is %s; a number with ms, s, m, h or d is needed".formatted(json));
    }
    return duration;
  }

  private static String text(JsonNode json, String place, String expected) {
    if (!json.isString()) {
      throw Spec.malformed(place, expected, json);
    }
    return json.stringValue();
  }

  /** A round policy. */
  public static ObjectNode write(RoundPolicy policy) {
    ObjectNode json = Json.object();
    json.put("min_updates", policy.minUpdates());
    json.put("max_updates", policy.maxUpdates());
    json.put("timeout", policy.timeout() == null ? null : Durations.write(policy.timeout()));
    if (policy.rounds() != null) {
      json.put("rounds", policy.rounds());
    } else {
      json.putNull("rounds");
    }
    json.put("participation", policy.participation());
    json.put("mode", policy.mode().name());
    policy
        .mode()
        .config()
        .forEach(setting -> OptimizerCodec.put(json, setting.key(), setting.value()));
    return json;
  }
}
