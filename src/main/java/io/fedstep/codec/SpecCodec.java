package io.fedstep.codec;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.KnownAggregators;
import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.KeepBest;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.Protection;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.SecureAggregation;
import io.fedstep.model.UpdateBound;
import io.fedstep.optim.Optimizer;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A model's spec as JSON, defaults filled in; the optimizer is declearn's {@code get_config()}. */
public final class SpecCodec {
  private static final String ZEROS = "zeros";
  private static final String REQUIRED = "required";

  private SpecCodec() {}

  /** Reads a spec; a {@code RefusedException} names what is wrong with it. */
  public static ModelSpec read(ObjectNode json) {
    Spec spec =
        Spec.of(
            json,
            "",
            Set.of(
                "tensors",
                "dtype",
                "optimizer",
                "aggregator",
                "update_bound",
                "round",
                "weights",
                "keep_best",
                DifferentialPrivacy.NAME,
                SecureAggregation.NAME));
    TensorLayout layout = LayoutCodec.read(spec.required("tensors"));
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
    RoundPolicy policy = round == null ? RoundPolicy.DEFAULT : PolicyCodec.read(round, "round");
    boolean required = requiresWeights(spec.get("weights"));
    JsonNode keeps = spec.orNull("keep_best");
    KeepBest best = keeps == null ? null : keepBest(keeps);
    JsonNode privacy = spec.orNull(DifferentialPrivacy.NAME);
    Protection protection = privacy == null ? null : PrivacyCodec.read(privacy, policy);
    boolean isNoisy = protection instanceof DifferentialPrivacy noise && noise.isByClients();
    JsonNode hides = spec.orNull(SecureAggregation.NAME);
    SecureAggregation secure = hides == null ? null : SecureCodec.read(hides, rule, isNoisy);
    return Spec.checked(
        secure != null
            ? SecureAggregation.NAME
            : privacy == null ? "round" : DifferentialPrivacy.NAME,
        () ->
            new ModelSpec(
                layout, format, step, rule, most, protection, policy, required, best, secure));
  }

  /** Reads by what the best version is known; null where none is to be chosen. */
  public static @Nullable KeepBest keepBest(JsonNode json) {
    if (json.isNull()) {
      return null;
    }
    Spec spec = Spec.of(json, "keep_best", Set.of("metric", "mode", "min_reports"));
    String metric = Spec.text(spec.required("metric"), spec.at("metric"));
    if (!UpdateMetadata.isMetric(metric)) {
      throw Spec.bad(spec.at("metric"), "is no name of a metric");
    }
    JsonNode mode = spec.get("mode");
    KeepBest.Mode by = mode == null ? KeepBest.Mode.MAX : mode(Spec.text(mode, spec.at("mode")));
    Integer least = spec.countOrNull("min_reports");
    return Spec.checked("keep_best", () -> new KeepBest(metric, by, least));
  }

  private static KeepBest.Mode mode(String name) {
    return switch (name) {
      case "max" -> KeepBest.Mode.MAX;
      case "min" -> KeepBest.Mode.MIN;
      default -> throw Spec.bad("keep_best.mode", "is '%s'; max and min are known".formatted(name));
    };
  }

  private static boolean requiresWeights(@Nullable JsonNode json) {
    return switch (json == null ? ZEROS : Spec.text(json, "weights")) {
      case ZEROS -> false;
      case REQUIRED -> true;
      default -> throw Spec.bad("weights", "is %s; zeros and required are known".formatted(json));
    };
  }

  private static Dtype dtype(JsonNode json) {
    String label = Spec.text(json, "dtype");
    for (Dtype dtype : Dtype.values()) {
      if (dtype.label().equals(label)) {
        return dtype;
      }
    }
    throw Spec.bad("dtype", "is '%s'; float32 and float64 are known".formatted(label));
  }

  /** Reads an aggregator, which has the default settings where it gives none. */
  public static Aggregator aggregator(JsonNode json) {
    Spec.Named named = Spec.Named.of(json, "aggregator");
    Aggregator found = named.among(KnownAggregators.ALL);
    if (found == null) {
      throw Spec.bad(
          named.place(),
          "is '%s'; known are %s".formatted(named.name(), Spec.Named.names(KnownAggregators.ALL)));
    }
    return found;
  }

  /** Reads a bound on updates; null where there is to be none. */
  public static @Nullable UpdateBound bound(JsonNode json) {
    return json.isNull() ? null : bound(json, "update_bound");
  }

  private static UpdateBound bound(JsonNode json, String place) {
    Spec spec = Spec.of(json, place, Set.of("max_norm", "max_weight", "action"));
    Double norm = spec.get("max_norm") == null ? null : (Double) spec.number("max_norm");
    Double weight = spec.get("max_weight") == null ? null : (Double) spec.number("max_weight");
    JsonNode action = spec.get("action");
    UpdateBound.Action does =
        action == null ? UpdateBound.Action.CLIP : action(action, spec.at("action"));
    return Spec.checked(place, () -> new UpdateBound(norm, weight, does));
  }

  private static UpdateBound.Action action(JsonNode json, String place) {
    return switch (Spec.text(json, place)) {
      case "clip" -> UpdateBound.Action.CLIP;
      case "refuse" -> UpdateBound.Action.REFUSE;
      default -> throw Spec.bad(place, "is %s; clip and refuse are known".formatted(json));
    };
  }

  /** The whole spec. */
  public static ObjectNode write(ModelSpec spec) {
    ObjectNode json = Json.object();
    ObjectNode tensors = json.putObject("tensors");
    spec.layout().tensors().forEach(tensor -> LayoutCodec.put(tensors, tensor));
    return json.setAll(writeWithoutTensors(spec));
  }

  /** The spec without its tensors, of which there may be many. */
  public static ObjectNode writeWithoutTensors(ModelSpec spec) {
    ObjectNode json = Json.object();
    json.put("dtype", spec.dtype().label());
    json.set("optimizer", OptimizerCodec.write(spec.optimizer()));
    json.set("aggregator", write(spec.aggregator()));
    UpdateBound bound = spec.updateBound();
    if (bound != null) {
      json.set("update_bound", write(bound));
    }
    json.set("round", PolicyCodec.write(spec.round()));
    json.put("weights", spec.requiresWeights() ? REQUIRED : ZEROS);
    KeepBest best = spec.keepBest();
    if (best != null) {
      json.set("keep_best", write(best));
    }
    if (spec.protection() instanceof DifferentialPrivacy privacy) {
      json.set(DifferentialPrivacy.NAME, PrivacyCodec.write(privacy));
    }
    SecureAggregation secure = spec.secure();
    if (secure != null) {
      json.set(SecureAggregation.NAME, SecureCodec.write(secure));
    }
    return json;
  }

  /** An aggregator's name and config. */
  public static ArrayNode write(Aggregator aggregator) {
    return OptimizerCodec.write(aggregator, Json.object().putArray("aggregator"));
  }

  /** By what the best version is known. */
  public static ObjectNode write(KeepBest best) {
    return Json.object()
        .put("metric", best.metric())
        .put("mode", best.mode().name().toLowerCase(Locale.ROOT))
        .put("min_reports", best.minReports());
  }

  /** A bound on updates. */
  public static ObjectNode write(UpdateBound bound) {
    ObjectNode json = Json.object();
    if (bound.maxNorm() != null) {
      json.put("max_norm", bound.maxNorm());
    }
    if (bound.maxWeight() != null) {
      json.put("max_weight", bound.maxWeight());
    }
    return json.put("action", bound.action().name().toLowerCase(Locale.ROOT));
  }
}
