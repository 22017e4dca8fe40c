package io.fedstep.client;

import io.fedstep.privacy.Grid;
import io.fedstep.secure.FractionBits;
import io.fedstep.secure.MemberNoise;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a model's spec says about secure rounds.
 *
 * @param isWide whether the model's values are float64
 * @param threshold the share of members that have to go all the way
 * @param clip the largest absolute value of a coordinate; with noise the norm of an update
 * @param bits of a word
 * @param maxWeight the largest weight
 * @param metrics the names that every update has
 * @param isPinned whether members sign with keys that the others know
 * @param minUpdates the fewest members
 * @param noise of which each client adds a share, or null
 */
record SecureSettings(
    boolean isWide,
    double threshold,
    double clip,
    int bits,
    long maxWeight,
    List<String> metrics,
    boolean isPinned,
    int minUpdates,
    @Nullable MemberNoise noise) {
  /**
   * Those of a model that has {@code secure}.
   *
   * <p>What is missing, or is no number, is 0, which the rules refuse.
   */
  static SecureSettings of(JsonNode model) {
    JsonNode secure = model.path("secure");
    JsonNode privacy = model.path("privacy");
    MemberNoise noise = noise(privacy);
    return new SecureSettings(
        model.path("dtype").asString("").equals("float64"),
        secure.path("threshold").asDouble(0),
        noise == null ? secure.path("clip").asDouble(0) : privacy.path("clip_norm").asDouble(0),
        secure.path("bits").asInt(0),
        noise == null ? secure.path("max_weight").asLong(0) : 1,
        secure.path("metrics").valueStream().map(name -> name.asString("")).toList(),
        !secure.path("identities").asString("").equals("any"),
        model.path("round").path("min_updates").asInt(0),
        noise);
  }

  private static @Nullable MemberNoise noise(JsonNode privacy) {
    return privacy.path("where").asString("server").equals("clients")
        ? new MemberNoise(
            privacy.path("noise_multiplier").asDouble(0), privacy.path("collusion").asInt(-1))
        : null;
  }

  /** The grid of updates with noise of so many values. */
  Grid grid(int parameters) {
    return new Grid(Objects.requireNonNull(noise).multiplier(), clip, parameters, 0);
  }

  /** How many of so many members have to go all the way. */
  int threshold(int members) {
    return FractionBits.threshold(members, threshold);
  }

  /** Whether the sum of so many members stays within a word. */
  boolean fits(int fractionBits, int members) {
    if (noise != null) {
      return fractionBits == 0;
    }
    return fractionBits >= FractionBits.LEAST
        && fractionBits <= FractionBits.of(members, maxWeight, clip, bits);
  }
}
