package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.UpdateHeader;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What goes beside the numbers of an update, gathered from the query and from a JSON body. */
public final class HeaderParts {
  private final Map<String, Double> metrics = new LinkedHashMap<>();
  private @Nullable Double weight;
  private @Nullable String base;

  /** Reads {@code {"weight": ..., "metrics": {...}}}. */
  public static HeaderParts ofReport(InputStream in) {
    var parts = new HeaderParts();
    ObjectNode report = Json.readObject(in);
    report
        .properties()
        .forEach(entry -> {
          switch (entry.getKey()) {
            case "weight" -> parts.weight(number("The weight", entry.getValue()));
            case "metrics" -> {
              if (!(entry.getValue() instanceof ObjectNode metrics)) {
                throw Json.malformed("The metrics have to be an object.");
              }
              metrics
                  .properties()
                  .forEach(one ->
                      parts.metric(
                          one.getKey(),
                          number("The metric '%s'".formatted(one.getKey()), one.getValue())));
            }
            default -> throw Json.malformed("The body has no key '%s'.".formatted(entry.getKey()));
          }
        });
    return parts;
  }

  private static double number(String what, JsonNode value) {
    if (!value.isNumber()) {
      throw Json.malformed("%s has to be a number.".formatted(what));
    }
    return value.doubleValue();
  }

  /** The weight; given twice is 400 {@code malformed}, as with the others. */
  public void weight(double given) {
    once("weight", weight != null);
    weight = given;
  }

  /** The tag of the weights it was computed from. */
  public void base(String given) {
    once("base", base != null);
    base = given;
  }

  /** A metric. */
  public void metric(String name, double value) {
    once("metric '%s'".formatted(name), metrics.containsKey(name));
    metrics.put(name, value);
    if (metrics.size() > UpdateHeader.MOST_METRICS) { // there may be millions
      throw Refusal.of(
              Problem.BAD_METRIC,
              "There are more than %s metrics.".formatted(UpdateHeader.MOST_METRICS))
          .exception();
    }
  }

  private static void once(String what, boolean known) {
    if (known) {
      throw Json.malformed("The %s is given twice.".formatted(what));
    }
  }

  /** The header of these parts; a {@code RefusedException} says what is wrong with them. */
  public UpdateHeader header() {
    return UpdateHeader.of(weight == null ? 1 : weight, metrics, base);
  }
}
