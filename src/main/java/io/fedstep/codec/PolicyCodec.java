package io.fedstep.codec;

import io.fedstep.model.Buffering;
import io.fedstep.model.RoundPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A round policy as JSON, defaults filled in. */
public final class PolicyCodec {
  private static final String SYNCHRONOUS = "synchronous";
  private static final String BUFFERED = "buffered";

  private PolicyCodec() {}

  /** Reads a round policy. */
  public static RoundPolicy read(JsonNode json, String place) {
    Spec spec =
        Spec.of(
            json,
            place,
            Set.of(
                "min_updates",
                "max_updates",
                "timeout",
                "rounds",
                "participation",
                "mode",
                "max_staleness",
                "staleness_exponent"));
    long least = spec.integer("min_updates", 1);
    long most = spec.integer("max_updates", least);
    JsonNode timeout = spec.orNull("timeout");
    JsonNode rounds = spec.orNull("rounds");
    Duration every = timeout == null ? null : timeout(timeout, spec.at("timeout"));
    Long last = rounds == null ? null : Spec.integer(rounds, spec.at("rounds"));
    Buffering buffering = buffering(spec);
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
                buffering));
  }

  private static @Nullable Buffering buffering(Spec round) {
    JsonNode mode = round.get("mode");
    String name = mode == null ? SYNCHRONOUS : text(mode, round.at("mode"), "a string");
    return switch (name) {
      case SYNCHRONOUS -> synchronous(round);
      case BUFFERED -> buffered(round);
      default ->
          throw Spec.bad(
              round.at("mode"), "is '%s'; synchronous and buffered are known".formatted(name));
    };
  }

  private static @Nullable Buffering synchronous(Spec round) {
    for (String key : List.of("max_staleness", "staleness_exponent")) {
      if (round.get(key) != null) {
        throw Spec.bad(round.at(key), "is for buffered rounds; this one is synchronous");
      }
    }
    return null;
  }

  private static Buffering buffered(Spec round) {
    long most = round.integer("max_staleness", Buffering.DEFAULT.maxStaleness());
    double exponent = round.number("staleness_exponent", Buffering.DEFAULT.exponent());
    return Spec.checked(round.at("mode"), () -> new Buffering(most, exponent));
  }

  private static Duration timeout(JsonNode json, String place) {
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
    Buffering buffering = policy.buffering();
    json.put("mode", buffering == null ? SYNCHRONOUS : BUFFERED);
    if (buffering != null) {
      json.put("max_staleness", buffering.maxStaleness());
      json.put("staleness_exponent", buffering.exponent());
    }
    return json;
  }
}
