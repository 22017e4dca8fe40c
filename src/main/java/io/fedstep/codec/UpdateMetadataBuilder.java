package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Control;
import io.fedstep.round.UpdateMetadata;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What is beside an update's numbers, gathered from a request's query and its JSON body. */
public final class UpdateMetadataBuilder {
  private final Map<String, Double> metrics = new LinkedHashMap<>();
  private @Nullable Double weight;
  private @Nullable String base;
  private @Nullable Boolean partial;
  private @Nullable Double localRate;
  private @Nullable Control control;

  /** Reads {@code {"weight": ..., "metrics": {...}}}. */
  public static UpdateMetadataBuilder ofReport(InputStream in) {
    var builder = new UpdateMetadataBuilder();
    ObjectNode report = Json.readObject(in);
    report
        .properties()
        .forEach(entry -> {
          switch (entry.getKey()) {
            case "weight" -> builder.weight(number("The weight", entry.getValue()));
            case "metrics" -> {
              if (!(entry.getValue() instanceof ObjectNode metrics)) {
                throw Json.malformed("The metrics have to be an object.");
              }
              metrics
                  .properties()
                  .forEach(one ->
                      builder.metric(
                          one.getKey(),
                          number("The metric '%s'".formatted(one.getKey()), one.getValue())));
            }
            default -> throw Json.malformed("The body has no key '%s'.".formatted(entry.getKey()));
          }
        });
    return builder;
  }

  private static double number(String what, JsonNode value) {
    if (!value.isNumber()) {
      throw Json.malformed("%s has to be a number.".formatted(what));
    }
    return value.doubleValue();
  }

  /**
   * Sets the weight. A value that is given twice is refused as {@code malformed}, here and below.
   */
  public void weight(double given) {
    once("weight", weight != null);
    weight = given;
  }

  /** Sets the tag of the weights that the update was computed from. */
  public void base(String given) {
    once("base", base != null);
    base = given;
  }

  /** Sets whether tensors may be left out. */
  public void partial(boolean given) {
    once("value of partial", partial != null);
    partial = given;
  }

  /** Whether tensors may be left out, as far as that is known; false if it was not given. */
  public boolean isPartial() {
    return partial != null && partial;
  }

  /** The refusal of a form in which nothing can be left out. */
  public static RefusedException partialFlat() {
    return Json.malformed(
        "partial is true, but a flat vector names no tensor; safetensors, or JSON by name, does.");
  }

  /** Sets how far a constant gradient of 1 would have moved the weights. */
  public void localRate(double given) {
    once("local rate", localRate != null);
    localRate = given;
  }

  /** Sets the control that the update was computed with, from its text. */
  public void control(String text) {
    control(
        switch (text) {
          case "none" -> new Control.None();
          case "lost" -> new Control.Lost();
          default ->
              throw Json.malformed(
                  "The control is '%s'; a round's number, none or lost is needed.".formatted(text));
        });
  }

  /** Sets the control that the update was computed with. */
  public void control(Control given) {
    once("control", control != null);
    control = given;
  }

  /** Adds a metric. */
  public void metric(String name, double value) {
    once("metric '%s'".formatted(name), metrics.containsKey(name));
    metrics.put(name, value);
    if (metrics.size() > UpdateMetadata.MOST_METRICS) { // there may be millions
      throw Refusal.of(
              Problem.BAD_METRIC,
              "There are more than %s metrics.".formatted(UpdateMetadata.MOST_METRICS))
          .exception();
    }
  }

  private static void once(String what, boolean known) {
    if (known) {
      throw Json.malformed("The %s is given twice.".formatted(what));
    }
  }

  /**
   * The metadata, with weight 1 if none was given; a {@code RefusedException} says what is wrong.
   */
  public UpdateMetadata build() {
    return UpdateMetadata.of(weight == null ? 1 : weight, metrics, base)
        .computed(localRate, control);
  }
}
