package io.fedstep.codec;

import io.fedstep.problem.RefusedException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The keys of a safetensors body's metadata that say how its tensors are encoded. */
final class EncodingKeys {
  private static final String PREFIX = "fedstep.";

  /** So many digits has the largest number, 2^64 - 1. */
  private static final int MOST_DIGITS = 20;

  private final Map<String, String> left = new LinkedHashMap<>();
  private final Map<String, String> all;

  EncodingKeys(JsonNode metadata) {
    metadata
        .properties()
        .forEach(entry -> {
          if (entry.getKey().startsWith(PREFIX)) {
            if (!entry.getValue().isString()) {
              throw Json.malformed("The metadata's '%s' is no string.".formatted(entry.getKey()));
            }
            left.put(entry.getKey().substring(PREFIX.length()), entry.getValue().stringValue());
          }
        });
    all = Map.copyOf(left);
  }

  /** A text, or null. */
  @Nullable String text(String key) {
    return left.remove(key);
  }

  /** Refuses a key that was not asked for. */
  void end(String what) {
    for (String key : left.keySet()) {
      throw Json.malformed("The metadata's '%s%s' is no key of %s.".formatted(PREFIX, key, what));
    }
  }

  /** A number that may be missing. */
  long number(String key, long missing) {
    return all.containsKey(key) ? number(key) : missing;
  }

  /** A number from 0 to 2^64 - 1, unsigned, in plain decimals. */
  long number(String key) {
    String text = left.remove(key);
    if (text == null) {
      throw Json.malformed("The metadata has no '%s%s'.".formatted(PREFIX, key));
    }
    if (isPlain(text)) {
      try {
        return Long.parseUnsignedLong(text);
      } catch (NumberFormatException e) {
        // refused as others are
      }
    }
    throw malformed(key, "a whole number below 2^64 in plain decimals");
  }

  private static boolean isPlain(String text) {
    return !text.isEmpty()
        && text.length() <= MOST_DIGITS
        && (text.charAt(0) != '0' || text.length() == 1)
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  /** The refusal of a value. */
  RefusedException malformed(String key, String needed) {
    return Json.malformed(
        "The metadata's '%s%s' is '%s'; %s is needed."
            .formatted(PREFIX, key, all.get(key), needed));
  }
}
