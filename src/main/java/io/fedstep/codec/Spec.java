package io.fedstep.codec;

import io.fedstep.optim.KnownSchedules;
import io.fedstep.plugin.Plugin;
import io.fedstep.plugin.Rate;
import io.fedstep.plugin.Settings;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One object of a spec, with its place in the document for refusals. A value of the wrong JSON type
 * is refused as {@code malformed}, one that is not allowed as {@code bad-spec}.
 */
final class Spec implements Settings {
  private static final long MOST = 1L << 62;

  /** Up to here a number with a point or an exponent says which integer it is. */
  private static final double MOST_EXACT = 0x1p53;

  private final ObjectNode node;
  private final String place;

  private Spec(ObjectNode node, String place, Set<String> keys) {
    this.node = node;
    this.place = place;
    for (String key : node.propertyNames()) {
      if (!keys.contains(key)) {
        throw bad(
            at(key),
            keys.isEmpty()
                ? "is unknown; there are no keys here"
                : "is unknown; known are " + String.join(", ", keys.stream().sorted().toList()));
      }
    }
  }

  /** The object at a place, which has no other than these keys. */
  static Spec of(JsonNode node, String place, Set<String> keys) {
    if (!(node instanceof ObjectNode object)) {
      throw malformed(place, "an object", node);
    }
    return new Spec(object, place, keys);
  }

  /** A plug-in in a spec: {@code "name"} or {@code ["name", {config}]}. */
  record Named(String name, JsonNode config, String place) {
    static Named of(JsonNode node, String place) {
      if (node.isString()) {
        return new Named(node.stringValue(), Json.object(), place);
      }
      if (node instanceof ArrayNode array && array.size() == 2 && array.get(0).isString()) {
        return new Named(array.get(0).stringValue(), array.get(1), place);
      }
      throw malformed(place, "a name, or an array of a name and its config", node);
    }

    /** The one of those known that it names, with its config; null if it names none. */
    <P extends Plugin<P>> @Nullable P among(List<P> known) {
      for (P one : known) {
        if (one.name().equals(name)) {
          Spec settings = Spec.of(config, place + "." + name, one.keys());
          return checked(place, () -> one.with(settings));
        }
      }
      return null;
    }

    /** The names of those known. */
    static String names(List<? extends Plugin<?>> known) {
      return String.join(", ", known.stream().map(Plugin::name).toList());
    }
  }

  String at(String key) {
    return place.isEmpty() ? key : place + "." + key;
  }

  /** The value of a key, or null where it is absent. */
  @Nullable JsonNode get(String key) {
    return node.get(key);
  }

  /** The value of a key, or null where it is absent or null. */
  @Nullable JsonNode orNull(String key) {
    JsonNode value = node.get(key);
    return value == null || value.isNull() ? null : value;
  }

  JsonNode required(String key) {
    JsonNode value = node.get(key);
    if (value == null) {
      throw bad(at(key), "is required");
    }
    return value;
  }

  @Override
  public double number(String key, double otherwise) {
    JsonNode value = node.get(key);
    return value == null ? otherwise : number(value, at(key));
  }

  static double number(JsonNode value, String place) {
    if (value.isArray()) {
      throw bad(place, "is a schedule; a number is needed here");
    }
    if (!value.isNumber()) {
      throw malformed(place, "a number", value);
    }
    return value.doubleValue();
  }

  @Override
  public double number(String key) {
    return number(required(key), at(key));
  }

  @Override
  public long integer(String key) {
    return integer(required(key), at(key));
  }

  @Override
  public @Nullable Long integerOrNull(String key) {
    return orNull(key) == null ? null : integer(key);
  }

  /** A number or a schedule. */
  @Override
  public Rate rate(String key) {
    JsonNode value = required(key);
    return value.isArray()
        ? plugin(value, at(key), KnownSchedules.ALL)
        : new Rate.Fixed(number(value, at(key)));
  }

  /** The plug-in that a value names, with its settings. */
  static <P extends Plugin<P>> P plugin(JsonNode json, String place, List<P> known) {
    Named asked = Named.of(json, place);
    P found = asked.among(known);
    if (found != null) {
      return found;
    }
    if (asked.name().equals("fedprox")) {
      throw bad(
          place,
          "names 'fedprox', which is for clients: on a server it pulls towards the first weights"
              + " for ever, because no local steps begin a round there");
    }
    throw bad(place, "names '%s'; known are %s".formatted(asked.name(), Named.names(known)));
  }

  @Override
  public long integer(String key, long otherwise) {
    JsonNode value = node.get(key);
    return value == null ? otherwise : integer(value, at(key));
  }

  static long integer(JsonNode value, String place) {
    if (!value.isNumber()) {
      throw malformed(place, "an integer", value);
    }
    if (value.isIntegralNumber()
        && value.canConvertToLong()
        && Math.abs(value.longValue()) <= MOST) {
      return value.longValue();
    }
    double number = value.doubleValue();
    if (value.isIntegralNumber() || number != Math.rint(number) || Math.abs(number) > MOST_EXACT) {
      throw bad(place, "is %s; an integer up to 2^62 is needed".formatted(value));
    }
    return (long) number;
  }

  @Override
  public int count(String key, int otherwise) {
    return Math.clamp(integer(key, otherwise), -1, Integer.MAX_VALUE);
  }

  @Override
  public @Nullable Integer countOrNull(String key) {
    return orNull(key) == null ? null : count(key, 0);
  }

  @Override
  public boolean flag(String key, boolean otherwise) {
    JsonNode value = node.get(key);
    if (value == null) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      throw malformed(at(key), "true or false", value);
    }
    return value.booleanValue();
  }

  /** The elements of an array. */
  static <T> List<T> list(JsonNode value, String place, Function<JsonNode, T> element) {
    if (!(value instanceof ArrayNode array)) {
      throw malformed(place, "an array", value);
    }
    var list = new ArrayList<T>();
    array.forEach(node -> list.add(element.apply(node)));
    return list;
  }

  /** A value whose constructor checks its ranges. */
  static <T> T checked(String place, Supplier<T> construct) {
    try {
      return construct.get();
    } catch (IllegalArgumentException e) {
      throw Refusal.of(
              Problem.BAD_SPEC,
              "In '%s': %s.".formatted(place.isEmpty() ? "." : place, e.getMessage()))
          .exception();
    }
  }

  static RefusedException bad(String place, String what) {
    return Refusal.of(Problem.BAD_SPEC, "'%s' %s.".formatted(place, what)).exception();
  }

  static String text(JsonNode json, String place) {
    if (!json.isString()) {
      throw malformed(place, "a string", json);
    }
    return json.stringValue();
  }

  static RefusedException malformed(String place, String expected, JsonNode found) {
    String text = found.toString();
    return Json.malformed(
        "'%s' has to be %s, not %s."
            .formatted(place, expected, text.length() > 60 ? text.substring(0, 60) + "..." : text));
  }
}
