package io.fedstep.codec;

import static java.util.stream.Collectors.joining;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.KnownAggregators;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.UpdateBound;
import io.fedstep.optim.Optimizer;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A model's spec as JSON, defaults filled in; the optimizer is declearn's {@code get_config()}. */
public final class SpecCodec {
  private SpecCodec() {}

  /** Reads a spec; a {@code RefusedException} names what is wrong with it. */
  public static ModelSpec read(ObjectNode json) {
    Spec spec =
        Spec.of(
            json,
            "",
            Set.of("tensors", "dtype", "optimizer", "aggregator", "update_bound", "round"));
    TensorLayout layout = layout(spec.required("tensors"));
    JsonNode dtype = spec.get("dtype");
    JsonNode optimizer = spec.get("optimizer");
    JsonNode aggregator = spec.get("aggregator");
    JsonNode bound = spec.orNull("update_bound");
    JsonNode round = spec.get("round");
    Dtype format = dtype == null ? Dtype.FLOAT32 : dtype(dtype);
    Optimizer step =
        optimizer == null ? Optimizer.DEFAULT : OptimizerCodec.read(optimizer, "optimizer");
    Aggregator rule = aggregator == null ? ModelSpec.DEFAULT_AGGREGATOR : aggregator(aggregator);
    UpdateBound most = bound == null ? null : bound(bound, "update_bound");
    RoundPolicy policy = round == null ? RoundPolicy.DEFAULT : readRound(round, "round");
    return Spec.checked("round", () -> new ModelSpec(layout, format, step, rule, most, policy));
  }

  private static TensorLayout layout(JsonNode json) {
    if (!(json instanceof ObjectNode object)) {
      throw Spec.malformed("tensors", "an object of shapes by name", json);
    }
    var shapes = new LinkedHashMap<String, List<Long>>();
    for (var entry : object.properties()) {
      String place = "tensors." + entry.getKey();
      shapes.put(
          entry.getKey(), Spec.list(entry.getValue(), place, node -> Spec.integer(node, place)));
    }
    return Spec.checked("tensors", () -> new TensorLayout(shapes));
  }

  private static Dtype dtype(JsonNode json) {
    if (!json.isString()) {
      throw Spec.malformed("dtype", "a string", json);
    }
    for (Dtype dtype : Dtype.values()) {
      if (dtype.label().equals(json.stringValue())) {
        return dtype;
      }
    }
    throw Spec.bad("dtype", "is '%s'; float32 and float64 are known".formatted(json.stringValue()));
  }

  private static Aggregator aggregator(JsonNode json) {
    Spec.Plugin plugin = Spec.Plugin.of(json, "aggregator");
    for (Aggregator known : KnownAggregators.ALL) {
      if (known.name().equals(plugin.name())) {
        Spec config = plugin.config(known.config().keySet());
        return Spec.checked(plugin.place(), () -> known.with(config));
      }
    }
    throw Spec.bad(
        plugin.place(),
        "is '%s'; known are %s"
            .formatted(
                plugin.name(),
                KnownAggregators.ALL.stream().map(Aggregator::name).collect(joining(", "))));
  }

  private static UpdateBound bound(JsonNode json, String place) {
    Spec spec = Spec.of(json, place, Set.of("max_norm", "action"));
    double most = Spec.number(spec.required("max_norm"), spec.at("max_norm"));
    JsonNode action = spec.get("action");
    UpdateBound.Action does =
        action == null ? UpdateBound.Action.CLIP : action(action, spec.at("action"));
    return Spec.checked(place, () -> new UpdateBound(most, does));
  }

  private static UpdateBound.Action action(JsonNode json, String place) {
    if (!json.isString()) {
      throw Spec.malformed(place, "a string", json);
    }
    return switch (json.stringValue()) {
      case "clip" -> UpdateBound.Action.CLIP;
      case "refuse" -> UpdateBound.Action.REFUSE;
      default -> throw Spec.bad(place, "is %s; clip and refuse are known".formatted(json));
    };
  }

  /** Reads a round policy. */
  public static RoundPolicy readRound(JsonNode json, String place) {
    Spec spec = Spec.of(json, place, Set.of("min_updates", "max_updates", "timeout", "rounds"));
    long least = spec.integer("min_updates", 1);
    long most = spec.integer("max_updates", least);
    JsonNode timeout = spec.orNull("timeout");
    JsonNode rounds = spec.orNull("rounds");
    Duration every = timeout == null ? null : timeout(timeout, spec.at("timeout"));
    Long last = rounds == null ? null : Spec.integer(rounds, spec.at("rounds"));
    return Spec.checked(
        place,
        () ->
            new RoundPolicy(
                Math.clamp(least, -1, Integer.MAX_VALUE),
                Math.clamp(most, -1, Integer.MAX_VALUE),
                every,
                last));
  }

  private static Duration timeout(JsonNode json, String place) {
    if (!json.isString()) {
      throw Spec.malformed(place, "a text such as \"30s\"", json);
    }
    Duration duration = Durations.parse(json.stringValue());
    if (duration == null) {
      throw Spec.bad(place, "is %s; a number with ms, s or m is needed".formatted(json));
    }
    return duration;
  }

  /** The whole spec. */
  public static ObjectNode write(ModelSpec spec) {
    ObjectNode json = Json.object();
    ObjectNode tensors = json.putObject("tensors");
    for (Tensor tensor : spec.layout().tensors()) {
      shape(tensors.putArray(tensor.name()), tensor);
    }
    json.put("dtype", spec.dtype().label());
    json.set("optimizer", OptimizerCodec.write(spec.optimizer()));
    json.set("aggregator", write(spec.aggregator()));
    UpdateBound bound = spec.updateBound();
    if (bound != null) {
      json.set("update_bound", write(bound));
    }
    json.set("round", write(spec.round()));
    return json;
  }

  /** A shape, into an empty array. */
  public static void shape(ArrayNode array, Tensor tensor) {
    tensor.shape().forEach(array::add);
  }

  /** An aggregator's name and config. */
  public static ArrayNode write(Aggregator aggregator) {
    ArrayNode json = Json.object().putArray("aggregator").add(aggregator.name());
    ObjectNode config = json.addObject();
    aggregator
        .config()
        .forEach((key, value) -> {
          switch (value) {
            case Boolean flag -> config.put(key, flag);
            case Integer count -> config.put(key, count);
            case Double number -> config.put(key, number);
            case null -> config.putNull(key);
            default -> throw new IllegalStateException(key + " is " + value);
          }
        });
    return json;
  }

  /** A bound on updates. */
  static ObjectNode write(UpdateBound bound) {
    return Json.object()
        .put("max_norm", bound.maxNorm())
        .put("action", bound.action().name().toLowerCase(Locale.ROOT));
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
    return json;
  }
}
