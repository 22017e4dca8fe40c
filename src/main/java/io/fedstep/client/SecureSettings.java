package io.fedstep.client;

import io.fedstep.secure.FractionBits;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * What a model's spec says about secure rounds.
 *
 * @param isWide whether the model's values are float64
 * @param threshold the share of members that have to go all the way
 * @param clip the largest absolute value of a coordinate
 * @param bits of a word
 * @param maxWeight the largest weight
 * @param metrics the names that every update has
 * @param isPinned whether members sign with keys that the others know
 * @param minUpdates the fewest members
 */
record SecureSettings(
    boolean isWide,
    double threshold,
    double clip,
    int bits,
    long maxWeight,
    List<String> metrics,
    boolean isPinned,
    int minUpdates) {
  /**
   * Those of a model that has {@code secure}.
   *
   * @throws UnsafeException if they are no spec's, or ask for what this client does not do
   */
  static SecureSettings of(JsonNode model) throws UnsafeException {
    JsonNode secure = model.path("secure");
    if (model.path("privacy").path("where").asString("server").equals("clients")) {
      throw new UnsafeException("this client adds no noise of its own, which the model asks for");
    }
    return new SecureSettings(
        model.path("dtype").asString("").equals("float64"),
        secure.path("threshold").asDouble(0),
        secure.path("clip").asDouble(0),
        secure.path("bits").asInt(0),
        secure.path("max_weight").asLong(0),
        secure.path("metrics").valueStream().map(name -> name.asString("")).toList(),
        !secure.path("identities").asString("").equals("any"),
        model.path("round").path("min_updates").asInt(0));
  }

  /** How many of so many members have to go all the way. */
  int threshold(int members) {
    return FractionBits.threshold(members, threshold);
  }

  /** Whether the sum of so many members stays within a word. */
  boolean fits(int fractionBits, int members) {
    return fractionBits >= FractionBits.LEAST
        && fractionBits <= FractionBits.of(members, maxWeight, clip, bits);
  }
}
