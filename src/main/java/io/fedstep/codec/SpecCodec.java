package io.fedstep.codec;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Averaging;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.OptiModule;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.RmsProp;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A model's spec as JSON, defaults filled in; the optimizer is declearn's {@code get_config()}. */
public final class SpecCodec {
  private SpecCodec() {}

  /** Reads a spec; a {@code RefusedException} names what is wrong with it. */
  public static ModelSpec read(ObjectNode json) {
    Spec spec = Spec.of(json, "", Set.of("tensors", "dtype", "optimizer", "aggregator", "round"));
    TensorLayout layout = layout(spec.required("tensors"));
    JsonNode dtype = spec.get("dtype");
    JsonNode optimizer = spec.get("optimizer");
    JsonNode aggregator = spec.get("aggregator");
    JsonNode round = spec.get("round");
    return new ModelSpec(
        layout,
        dtype == null ? Dtype.FLOAT32 : dtype(dtype),
        optimizer == null ? Optimizer.DEFAULT : readOptimizer(optimizer, "optimizer"),
        aggregator == null ? ModelSpec.DEFAULT_AGGREGATOR : aggregator(aggregator),
        round == null ? RoundPolicy.DEFAULT : PolicyCodec.read(round, "round"));
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

  /** Reads an optimizer's config. */
  public static Optimizer readOptimizer(JsonNode json, String place) {
    Spec spec = Spec.of(json, place, Set.of("lrate", "w_decay", "regularizers", "modules"));
    double lrate = Spec.number(spec.required("lrate"), spec.at("lrate"));
    double weightDecay = spec.number("w_decay", 0);
    JsonNode regularizers = spec.get("regularizers");
    if (regularizers != null
        && !Spec.list(regularizers, spec.at("regularizers"), node -> node).isEmpty()) {
      throw Spec.bad(spec.at("regularizers"), "is not empty; regularizers are not supported");
    }
    JsonNode modules = spec.get("modules");
    var chain = new ArrayList<OptiModule>();
    if (modules != null) {
      chain.addAll(
          Spec.list(
              modules,
              spec.at("modules"),
              node -> module(Spec.Plugin.of(node, spec.at("modules")))));
    }
    return Spec.checked(place, () -> new Optimizer(lrate, weightDecay, chain));
  }

  private static OptiModule module(Spec.Plugin plugin) {
    if (!plugin.name().equals(RmsProp.NAME)) {
      throw Spec.bad(plugin.place(), "names '%s'; supported is rmsprop".formatted(plugin.name()));
    }
    Spec config = plugin.config("beta", "eps");
    double beta = config.number("beta", RmsProp.DEFAULT.beta());
    double eps = config.number("eps", RmsProp.DEFAULT.eps());
    return Spec.checked(plugin.place(), () -> new RmsProp(beta, eps));
  }

  private static Aggregator aggregator(JsonNode json) {
    Spec.Plugin plugin = Spec.Plugin.of(json, "aggregator");
    if (!plugin.name().equals(Averaging.NAME)) {
      throw Spec.bad("aggregator", "is '%s'; supported is averaging".formatted(plugin.name()));
    }
    return new Averaging(plugin.config("steps_weighted").flag("steps_weighted", true));
  }

  /** The whole spec. */
  public static ObjectNode write(ModelSpec spec) {
    ObjectNode json = Json.object();
    ObjectNode tensors = json.putObject("tensors");
    for (Tensor tensor : spec.layout().tensors()) {
      shape(tensors.putArray(tensor.name()), tensor);
    }
    json.put("dtype", spec.dtype().label());
    json.set("optimizer", write(spec.optimizer()));
    json.set("aggregator", write(spec.aggregator()));
    json.set("round", PolicyCodec.write(spec.round()));
    return json;
  }

  /** A shape, into an empty array. */
  public static void shape(ArrayNode array, Tensor tensor) {
    tensor.shape().forEach(array::add);
  }

  /** An optimizer's config, as declearn's {@code get_config()}. */
  public static ObjectNode write(Optimizer optimizer) {
    ObjectNode json = Json.object();
    json.put("lrate", optimizer.lrate());
    json.put("w_decay", optimizer.weightDecay());
    json.putArray("regularizers");
    ArrayNode modules = json.putArray("modules");
    for (OptiModule module : optimizer.modules()) {
      switch (module) {
        case RmsProp rmsProp ->
            modules
                .addArray()
                .add(module.name())
                .addObject()
                .put("beta", rmsProp.beta())
                .put("eps", rmsProp.eps());
      }
    }
    return json;
  }

  /** An aggregator's name and config. */
  public static ArrayNode write(Aggregator aggregator) {
    ArrayNode json = Json.object().putArray("aggregator").add(aggregator.name());
    switch (aggregator) {
      case Averaging averaging -> json.addObject().put("steps_weighted", averaging.stepsWeighted());
    }
    return json;
  }
}
