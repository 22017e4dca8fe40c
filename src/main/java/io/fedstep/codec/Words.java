package io.fedstep.codec;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** Times and enum constants as text. */
final class Words {
  private Words() {}

  /** The name of an enum constant on the wire; {@code hyphen} is what separates its words. */
  static String label(Enum<?> constant, char hyphen) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', hyphen);
  }

  /** The constant that {@link #label} named. */
  static <E extends Enum<E>> E constant(Class<E> type, JsonNode label) {
    return Enum.valueOf(type, Json.text(label).toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  /** A time: RFC 3339, UTC, milliseconds. */
  static String time(Instant instant) {
    return instant.truncatedTo(ChronoUnit.MILLIS).toString();
  }

  /** A time that {@link #time(Instant)} wrote. */
  static Instant time(JsonNode text) {
    return Instant.parse(Json.text(text));
  }
}
