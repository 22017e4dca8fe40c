package io.fedstep.codec;

import io.fedstep.optim.KnownModules;
import io.fedstep.optim.KnownRegularizers;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.Schedule;
import io.fedstep.plugin.Plugin;
import io.fedstep.plugin.Rate;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** An optimizer as JSON, defaults filled in: declearn's {@code get_config()}. */
public final class OptimizerCodec {
  private OptimizerCodec() {}

  /** Reads a config; a {@code RefusedException} names what is wrong with it. */
  public static Optimizer read(JsonNode json, String place) {
    Spec spec = Spec.of(json, place, Set.of("lrate", "w_decay", "regularizers", "modules"));
    Rate lrate = spec.rate("lrate");
    Rate weightDecay = spec.get("w_decay") == null ? new Rate.Fixed(0) : spec.rate("w_decay");
    var regularizers = plugins(spec, "regularizers", KnownRegularizers.ALL);
    var modules = plugins(spec, "modules", KnownModules.ALL);
    return Spec.checked(place, () -> new Optimizer(lrate, weightDecay, regularizers, modules));
  }

  private static <P extends Plugin<P>> List<P> plugins(Spec spec, String key, List<P> known) {
    JsonNode json = spec.get(key);
    return json == null
        ? List.of()
        : Spec.list(json, spec.at(key), node -> Spec.plugin(node, spec.at(key), known));
  }

  /** Writes the config. */
  public static ObjectNode write(Optimizer optimizer) {
    ObjectNode json = Json.object();
    put(json, "lrate", optimizer.lrate());
    put(json, "w_decay", optimizer.weightDecay());
    ArrayNode regularizers = json.putArray("regularizers");
    optimizer.regularizers().forEach(one -> write(one, regularizers.addArray()));
    ArrayNode modules = json.putArray("modules");
    optimizer.modules().forEach(one -> write(one, modules.addArray()));
    return json;
  }

  /** A plug-in as {@code ["name", {config}]}, into an empty array. */
  static ArrayNode write(Plugin<?> plugin, ArrayNode into) {
    ObjectNode config = into.add(plugin.name()).addObject();
    plugin.config().forEach(setting -> put(config, setting.key(), setting.value()));
    return into;
  }

  /** The value of a setting. */
  static void put(ObjectNode json, String key, @Nullable Object value) {
    switch (value) {
      case Boolean flag -> json.put(key, flag);
      case Integer count -> json.put(key, count);
      case Long integer -> json.put(key, integer);
      case Double number -> json.put(key, number);
      case Rate.Fixed(double number) -> json.put(key, number);
      case Schedule schedule -> write(schedule, json.putArray(key));
      case null -> json.putNull(key);
      default -> throw new IllegalStateException(key + " is " + value);
    }
  }
}
